// Command updates says which updates one release of Kubernetes refuses, by its own strategies.
//
// It reads JSON lines {"base": {...}, "head": {...}} and prints an answer for each. "known" is false
// where this release does not have the version of the kind.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsinstall "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/certificates/install"
	"k8s.io/kubernetes/pkg/apis/core"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/discovery/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/node/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
	"k8s.io/kubernetes/pkg/registry/apps/controllerrevision"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/replicaset"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/certificates/certificates"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolume"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolumeclaim"
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/resourcequota"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/discovery/endpointslice"
	"k8s.io/kubernetes/pkg/registry/networking/ingressclass"
	"k8s.io/kubernetes/pkg/registry/node/runtimeclass"
	"k8s.io/kubernetes/pkg/registry/scheduling/priorityclass"
	"k8s.io/kubernetes/pkg/registry/storage/csidriver"
	"k8s.io/kubernetes/pkg/registry/storage/storageclass"
	"k8s.io/kubernetes/pkg/registry/storage/volumeattachment"
	"k8s.io/kubernetes/pkg/registry/storage/volumeattributesclass"
)

type strategy interface {
	rest.RESTCreateStrategy
	rest.RESTUpdateStrategy
}

type question struct {
	Base json.RawMessage `json:"base"`
	Head json.RawMessage `json:"head"`
}

type answer struct {
	Known bool `json:"known"`
	// Invalid names the fields that the server refuses of base and of head as new objects.
	Invalid []string `json:"invalid"`
	// Refused names the fields that the server refuses in the update.
	Refused []string `json:"refused"`
}

var extensions = func() *runtime.Scheme {
	scheme := runtime.NewScheme()
	apiextensionsinstall.Install(scheme)
	return scheme
}()

var strategies = map[string]strategy{
	"ConfigMap":                 configmap.Strategy,
	"ControllerRevision":        controllerrevision.Strategy,
	"CSIDriver":                 csidriver.Strategy,
	"CertificateSigningRequest": certificates.Strategy,
	"CustomResourceDefinition":  customresourcedefinition.NewStrategy(extensions),
	"DaemonSet":                 daemonset.Strategy,
	"Deployment":                deployment.Strategy,
	"EndpointSlice":             endpointslice.Strategy,
	"IngressClass":              ingressclass.Strategy,
	"Job":                       job.Strategy,
	"PersistentVolume":          persistentvolume.Strategy,
	"PersistentVolumeClaim":     persistentvolumeclaim.Strategy,
	"Pod":                       pod.Strategy,
	"PriorityClass":             priorityclass.Strategy,
	"ReplicaSet":                replicaset.Strategy,
	"ResourceQuota":             resourcequota.Strategy,
	"RuntimeClass":              runtimeclass.Strategy,
	"Secret":                    secret.Strategy,
	"Service":                   service.Strategy,
	"StatefulSet":               statefulset.Strategy,
	"StorageClass":              storageclass.Strategy,
	"VolumeAttachment":          volumeattachment.Strategy,
	"VolumeAttributesClass":     volumeattributesclass.Strategy,
}

// validators stand for strategies that ask a running server.
var validators = map[string]func(next, stored runtime.Object) field.ErrorList{}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<20), 1<<24)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		check(json.Unmarshal(lines.Bytes(), &asked))
		check(out.Encode(judge(asked)))
	}
	check(lines.Err())
}

func judge(asked question) answer {
	kind := kindOf(asked.Head)
	stored, next := decode(asked.Base, kind), decode(asked.Head, kind)
	if stored == nil || next == nil {
		return answer{Refused: []string{}, Invalid: []string{}}
	}
	ctx := contextOf(kind)
	result := answer{Known: true, Invalid: created(ctx, kind, stored)}
	result.Invalid = append(result.Invalid, created(ctx, kind, next.DeepCopyObject())...)
	settle(stored)
	for _, object := range []runtime.Object{stored, next} {
		accessor, err := meta.Accessor(object)
		check(err)
		accessor.SetResourceVersion("1")
	}
	result.Refused = updated(ctx, kind, stored, next)
	return result
}

// settle binds a stored claim to a volume of the size that it asks for, and has the server serve a
// stored definition.
func settle(stored runtime.Object) {
	switch object := stored.(type) {
	case *core.PersistentVolumeClaim:
		object.Status.Phase = core.ClaimBound
		object.Status.Capacity = object.Spec.Resources.Requests
	case *apiextensions.CustomResourceDefinition:
		established := apiextensions.CustomResourceDefinitionCondition{
			Type: apiextensions.Established, Status: apiextensions.ConditionTrue}
		object.Status.Conditions = append(object.Status.Conditions, established)
	}
}

func created(ctx context.Context, kind schema.GroupVersionKind, object runtime.Object) []string {
	if _, there := validators[kind.Kind]; there {
		return []string{}
	}
	return fieldsOf(rest.BeforeCreate(strategies[kind.Kind], ctx, object))
}

func updated(ctx context.Context, kind schema.GroupVersionKind, stored, next runtime.Object) []string {
	if validate, there := validators[kind.Kind]; there {
		names := []string{}
		for _, err := range validate(next, stored) {
			names = append(names, err.Field)
		}
		return names
	}
	return fieldsOf(rest.BeforeUpdate(strategies[kind.Kind], ctx, next, stored))
}

func fieldsOf(err error) []string {
	names := []string{}
	if err == nil {
		return names
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		panic(err)
	}
	for _, cause := range status.Status().Details.Causes {
		names = append(names, cause.Field)
	}
	return names
}

func kindOf(data []byte) schema.GroupVersionKind {
	var typed metav1.TypeMeta
	check(json.Unmarshal(data, &typed))
	return schema.FromAPIVersionAndKind(typed.APIVersion, typed.Kind)
}

// decode gives an object with defaults in the internal version, nil where the release lacks it.
func decode(data []byte, kind schema.GroupVersionKind) runtime.Object {
	scheme := legacyscheme.Scheme
	if kind.Kind == "CustomResourceDefinition" {
		scheme = extensions
	}
	if !scheme.Recognizes(kind) {
		return nil
	}
	object, err := runtime.Decode(serializer.NewCodecFactory(scheme).UniversalDecoder(), data)
	check(err)
	accessor, err := meta.Accessor(object)
	check(err)
	accessor.SetNamespace(namespaceOf(kind))
	accessor.SetUID("1")
	accessor.SetCreationTimestamp(metav1.Unix(1, 0))
	return object
}

func contextOf(kind schema.GroupVersionKind) context.Context {
	ctx := request.WithNamespace(request.NewContext(), namespaceOf(kind))
	return request.WithRequestInfo(ctx, &request.RequestInfo{
		IsResourceRequest: true, APIGroup: kind.Group, APIVersion: kind.Version, Name: "a"})
}

func namespaceOf(kind schema.GroupVersionKind) string {
	if entry, there := strategies[kind.Kind]; there && !entry.NamespaceScoped() {
		return metav1.NamespaceNone
	}
	return metav1.NamespaceDefault
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
