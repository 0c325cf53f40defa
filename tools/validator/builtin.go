package main

import (
	"context"
	"encoding/json"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	apiextensionsinstall "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	typedcorev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	aggregatorinstall "k8s.io/kube-aggregator/pkg/apis/apiregistration/install"
	"k8s.io/kube-aggregator/pkg/registry/apiservice"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/certificates/install"
	_ "k8s.io/kubernetes/pkg/apis/coordination/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/discovery/install"
	_ "k8s.io/kubernetes/pkg/apis/flowcontrol/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/node/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	_ "k8s.io/kubernetes/pkg/apis/resource/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	_ "k8s.io/kubernetes/pkg/apis/storagemigration/install"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/mutatingadmissionpolicy"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/mutatingadmissionpolicybinding"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/mutatingwebhookconfiguration"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingadmissionpolicy"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingadmissionpolicybinding"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingwebhookconfiguration"
	"k8s.io/kubernetes/pkg/registry/apps/controllerrevision"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/replicaset"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/autoscaling/horizontalpodautoscaler"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/certificates/certificates"
	"k8s.io/kubernetes/pkg/registry/certificates/clustertrustbundle"
	"k8s.io/kubernetes/pkg/registry/coordination/lease"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/endpoint"
	"k8s.io/kubernetes/pkg/registry/core/limitrange"
	"k8s.io/kubernetes/pkg/registry/core/namespace"
	"k8s.io/kubernetes/pkg/registry/core/node"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolume"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolumeclaim"
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/podtemplate"
	"k8s.io/kubernetes/pkg/registry/core/replicationcontroller"
	"k8s.io/kubernetes/pkg/registry/core/resourcequota"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/discovery/endpointslice"
	"k8s.io/kubernetes/pkg/registry/flowcontrol/flowschema"
	"k8s.io/kubernetes/pkg/registry/flowcontrol/prioritylevelconfiguration"
	"k8s.io/kubernetes/pkg/registry/networking/ingress"
	"k8s.io/kubernetes/pkg/registry/networking/ingressclass"
	"k8s.io/kubernetes/pkg/registry/networking/ipaddress"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/networking/servicecidr"
	"k8s.io/kubernetes/pkg/registry/node/runtimeclass"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrole"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrolebinding"
	"k8s.io/kubernetes/pkg/registry/rbac/role"
	"k8s.io/kubernetes/pkg/registry/rbac/rolebinding"
	"k8s.io/kubernetes/pkg/registry/resource/deviceclass"
	"k8s.io/kubernetes/pkg/registry/resource/devicetaintrule"
	"k8s.io/kubernetes/pkg/registry/resource/resourceclaim"
	"k8s.io/kubernetes/pkg/registry/resource/resourceclaimtemplate"
	"k8s.io/kubernetes/pkg/registry/resource/resourceslice"
	"k8s.io/kubernetes/pkg/registry/scheduling/priorityclass"
	"k8s.io/kubernetes/pkg/registry/storage/csidriver"
	"k8s.io/kubernetes/pkg/registry/storage/csinode"
	"k8s.io/kubernetes/pkg/registry/storage/csistoragecapacity"
	"k8s.io/kubernetes/pkg/registry/storage/storageclass"
	"k8s.io/kubernetes/pkg/registry/storage/volumeattachment"
	"k8s.io/kubernetes/pkg/registry/storage/volumeattributesclass"
	"k8s.io/kubernetes/pkg/registry/storagemigration/storagemigration"
)

// privilegedNamespaces lets requests for devices with admin access pass: whether a namespace may
// have them is a label that the question does not hold.
type privilegedNamespaces struct{ typedcorev1.NamespaceInterface }

func (privilegedNamespaces) Get(_ context.Context, name string, _ metav1.GetOptions) (*corev1.Namespace, error) {
	labels := map[string]string{"resource.kubernetes.io/admin-access": "true"}
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}, nil
}

// strategies are those of the server's storages, by the kind that they store. A kind that is not
// here is not judged.
var strategies = map[schema.GroupKind]func() strategy{
	{Group: "admissionregistration.k8s.io", Kind: "MutatingAdmissionPolicy"}: func() strategy {
		return mutatingadmissionpolicy.NewStrategy(nil, nil)
	},
	{Group: "admissionregistration.k8s.io", Kind: "MutatingAdmissionPolicyBinding"}: func() strategy {
		return mutatingadmissionpolicybinding.NewStrategy(nil, nil, nil)
	},
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}: func() strategy {
		return validatingadmissionpolicy.NewStrategy(nil, nil)
	},
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}: func() strategy {
		return validatingadmissionpolicybinding.NewStrategy(nil, nil, nil)
	},
	{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"}:   always(mutatingwebhookconfiguration.Strategy),
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"}: always(validatingwebhookconfiguration.Strategy),
	{Group: "apps", Kind: "ControllerRevision"}:                                     always(controllerrevision.Strategy),
	{Group: "apps", Kind: "DaemonSet"}:                                              always(daemonset.Strategy),
	{Group: "apps", Kind: "Deployment"}:                                             always(deployment.Strategy),
	{Group: "apps", Kind: "ReplicaSet"}:                                             always(replicaset.Strategy),
	{Group: "apps", Kind: "StatefulSet"}:                                            always(statefulset.Strategy),
	{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}:                         always(horizontalpodautoscaler.Strategy),
	{Group: "batch", Kind: "CronJob"}:                                               always(cronjob.Strategy),
	{Group: "batch", Kind: "Job"}:                                                   always(job.Strategy),
	{Group: "certificates.k8s.io", Kind: "CertificateSigningRequest"}:               always(certificates.Strategy),
	{Group: "certificates.k8s.io", Kind: "ClusterTrustBundle"}:                      always(clustertrustbundle.Strategy),
	{Group: "coordination.k8s.io", Kind: "Lease"}:                                   always(lease.Strategy),
	{Kind: "ConfigMap"}:                                                             always(configmap.Strategy),
	{Kind: "Endpoints"}:                                                             always(endpoint.Strategy),
	{Kind: "LimitRange"}:                                                            always(limitrange.Strategy),
	{Kind: "Namespace"}:                                                             always(namespace.Strategy),
	{Kind: "Node"}:                                                                  always(node.Strategy),
	{Kind: "PersistentVolume"}:                                                      always(persistentvolume.Strategy),
	{Kind: "PersistentVolumeClaim"}:                                                 always(persistentvolumeclaim.Strategy),
	{Kind: "Pod"}:                                                                   always(pod.Strategy),
	{Kind: "PodTemplate"}:                                                           always(podtemplate.Strategy),
	{Kind: "ReplicationController"}:                                                 always(replicationcontroller.Strategy),
	{Kind: "ResourceQuota"}:                                                         always(resourcequota.Strategy),
	{Kind: "Secret"}:                                                                always(secret.Strategy),
	{Kind: "Service"}:                                                               always(service.Strategy),
	{Kind: "ServiceAccount"}:                                                        always(serviceaccount.Strategy),
	{Group: "discovery.k8s.io", Kind: "EndpointSlice"}:                              always(endpointslice.Strategy),
	{Group: "flowcontrol.apiserver.k8s.io", Kind: "FlowSchema"}:                     always(flowschema.Strategy),
	{Group: "flowcontrol.apiserver.k8s.io", Kind: "PriorityLevelConfiguration"}:     always(prioritylevelconfiguration.Strategy),
	{Group: "networking.k8s.io", Kind: "Ingress"}:                                   always(ingress.Strategy),
	{Group: "networking.k8s.io", Kind: "IngressClass"}:                              always(ingressclass.Strategy),
	{Group: "networking.k8s.io", Kind: "IPAddress"}:                                 always(ipaddress.Strategy),
	{Group: "networking.k8s.io", Kind: "NetworkPolicy"}:                             always(networkpolicy.Strategy),
	{Group: "networking.k8s.io", Kind: "ServiceCIDR"}:                               always(servicecidr.Strategy),
	{Group: "node.k8s.io", Kind: "RuntimeClass"}:                                    always(runtimeclass.Strategy),
	{Group: "policy", Kind: "PodDisruptionBudget"}:                                  always(poddisruptionbudget.Strategy),
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}:                       always(clusterrole.Strategy),
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}:                always(clusterrolebinding.Strategy),
	{Group: "rbac.authorization.k8s.io", Kind: "Role"}:                              always(role.Strategy),
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:                       always(rolebinding.Strategy),
	{Group: "resource.k8s.io", Kind: "DeviceClass"}:                                 always(deviceclass.Strategy),
	{Group: "resource.k8s.io", Kind: "DeviceTaintRule"}:                             always(devicetaintrule.Strategy),
	{Group: "resource.k8s.io", Kind: "ResourceSlice"}:                               always(resourceslice.Strategy),
	{Group: "resource.k8s.io", Kind: "ResourceClaim"}: func() strategy {
		return resourceclaim.NewStrategy(privilegedNamespaces{}, nil)
	},
	{Group: "resource.k8s.io", Kind: "ResourceClaimTemplate"}: func() strategy {
		return resourceclaimtemplate.NewStrategy(privilegedNamespaces{})
	},
	{Group: "scheduling.k8s.io", Kind: "PriorityClass"}:                 always(priorityclass.Strategy),
	{Group: "storage.k8s.io", Kind: "CSIDriver"}:                        always(csidriver.Strategy),
	{Group: "storage.k8s.io", Kind: "CSINode"}:                          always(csinode.Strategy),
	{Group: "storage.k8s.io", Kind: "CSIStorageCapacity"}:               always(csistoragecapacity.Strategy),
	{Group: "storage.k8s.io", Kind: "StorageClass"}:                     always(storageclass.Strategy),
	{Group: "storage.k8s.io", Kind: "VolumeAttachment"}:                 always(volumeattachment.Strategy),
	{Group: "storage.k8s.io", Kind: "VolumeAttributesClass"}:            always(volumeattributesclass.Strategy),
	{Group: "storagemigration.k8s.io", Kind: "StorageVersionMigration"}: always(storagemigration.Strategy),
}

func always(fixed strategy) func() strategy { return func() strategy { return fixed } }

// extensions are the kinds that the server adds beside its own: definitions and API services.
var extensions = func() *runtime.Scheme {
	scheme := runtime.NewScheme()
	apiextensionsinstall.Install(scheme)
	aggregatorinstall.Install(scheme)
	return scheme
}()

var (
	definitionKind = schema.GroupKind{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}
	apiServiceKind = schema.GroupKind{Group: "apiregistration.k8s.io", Kind: "APIService"}
)

var kinds = map[schema.GroupVersionKind]*kind{}

// findKind is how a question's object is decoded and validated, or why nothing can be said of it.
func findKind(question Question, custom *customKinds) (*kind, string) {
	var typed metav1.TypeMeta
	if err := json.Unmarshal(question.Head, &typed); err != nil {
		return nil, "it has no kind"
	}
	version := schema.FromAPIVersionAndKind(typed.APIVersion, typed.Kind)
	if question.Definition != "" {
		return custom.kind(version, question.Definition)
	}
	if found, there := kinds[version]; there {
		return found, ""
	}
	found := builtin(version)
	if found == nil {
		return nil, "the kind is not known here"
	}
	kinds[version] = found
	return found, ""
}

func builtin(version schema.GroupVersionKind) *kind {
	scheme, found := legacyscheme.Scheme, strategies[version.GroupKind()]
	switch version.GroupKind() {
	case definitionKind:
		scheme, found = extensions, func() strategy { return customresourcedefinition.NewStrategy(extensions) }
	case apiServiceKind:
		scheme, found = extensions, func() strategy { return apiservice.NewStrategy(extensions) }
	}
	if found == nil || !scheme.Recognizes(version) {
		return nil
	}
	return &kind{
		version:  version,
		strategy: found(),
		decode:   decoder(scheme, version),
		settle:   settlers[version.GroupKind()],
		prepare:  preparers[version.GroupKind()],
	}
}

func equal(one, other any) bool { return reflect.DeepEqual(one, other) }
