package main

import (
	"encoding/json"
	"maps"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kubernetes/pkg/apis/batch"
	"k8s.io/kubernetes/pkg/apis/core"
)

// settlers give the stored object what a cluster has added to it since, and the next version what
// a tool that applies manifests leaves in place because no manifest ever named it.
var settlers = map[schema.GroupKind]func(stored, next runtime.Object){
	{Group: "batch", Kind: "Job"}:   settleJob,
	{Kind: "PersistentVolumeClaim"}: settleClaim,
	{Kind: "PersistentVolume"}:      settleVolume,
	{Kind: "Pod"}:                   settlePod,
	{Kind: "Service"}:               settleService,
}

// preparers do what the server's storage of a kind does before it asks the strategy.
var preparers = map[schema.GroupKind]func(object runtime.Object){
	{Kind: "Service"}: prepareService,
}

// prepareService gives a Service that names one address the list with it, and the port that the
// server allocates for health checks.
func prepareService(object runtime.Object) {
	service := object.(*core.Service)
	if service.Spec.ClusterIP != "" && len(service.Spec.ClusterIPs) == 0 {
		service.Spec.ClusterIPs = []string{service.Spec.ClusterIP}
	}
	if needsHealthCheckPort(service) && service.Spec.HealthCheckNodePort == 0 {
		service.Spec.HealthCheckNodePort = allocatedPort
	}
}

// allocatedPort stands for a port that the server allocates.
const allocatedPort int32 = 32767

func needsHealthCheckPort(service *core.Service) bool {
	return service.Spec.Type == core.ServiceTypeLoadBalancer &&
		service.Spec.ExternalTrafficPolicy == core.ServiceExternalTrafficPolicyLocal
}

// withStringData gives a Secret at head the keys that base wrote as stringData and head no longer
// names: the field is write-only, so that dropping it leaves the data in place.
func withStringData(base, head []byte) []byte {
	var old, next map[string]any
	if json.Unmarshal(base, &old) != nil || json.Unmarshal(head, &next) != nil {
		return head
	}
	written, _ := old["stringData"].(map[string]any)
	data, _ := next["data"].(map[string]any)
	kept, _ := next["stringData"].(map[string]any)
	merged := map[string]any{}
	for key, value := range written {
		if _, there := data[key]; !there {
			merged[key] = value
		}
	}
	maps.Copy(merged, kept)
	if len(merged) == len(kept) || (next["stringData"] != nil && kept == nil) {
		return head
	}
	next["stringData"] = merged
	encoded, err := json.Marshal(next)
	if err != nil {
		return head
	}
	return encoded
}

// settleJob keeps the selector and the labels that the server generated.
func settleJob(stored, next runtime.Object) {
	old, new := stored.(*batch.Job), next.(*batch.Job)
	if new.Spec.Selector == nil {
		new.Spec.Selector = old.Spec.Selector.DeepCopy()
	}
	generated := []string{batch.ControllerUidLabel, batch.JobNameLabel,
		batch.LegacyControllerUidLabel, batch.LegacyJobNameLabel}
	for _, label := range generated {
		value, there := old.Spec.Template.Labels[label]
		if _, set := new.Spec.Template.Labels[label]; !there || set {
			continue
		}
		labels := maps.Clone(new.Spec.Template.Labels)
		if labels == nil {
			labels = map[string]string{}
		}
		labels[label] = value
		new.Spec.Template.Labels = labels
	}
}

// settleClaim takes a claim for bound, to a volume of the size that it asked for.
func settleClaim(stored, next runtime.Object) {
	old, new := stored.(*core.PersistentVolumeClaim), next.(*core.PersistentVolumeClaim)
	old.Status.Phase = core.ClaimBound
	old.Status.Capacity = maps.Clone(old.Spec.Resources.Requests)
	if old.Spec.StorageClassName == nil {
		old.Spec.StorageClassName = new.Spec.StorageClassName
	}
	if old.Spec.VolumeName == "" {
		old.Spec.VolumeName = new.Spec.VolumeName
	}
	if old.Spec.VolumeAttributesClassName == nil {
		old.Spec.VolumeAttributesClassName = new.Spec.VolumeAttributesClassName
	}
}

// settleVolume keeps the claim that a volume was bound to.
func settleVolume(stored, next runtime.Object) {
	old, new := stored.(*core.PersistentVolume), next.(*core.PersistentVolume)
	if old.Spec.ClaimRef == nil {
		old.Spec.ClaimRef = new.Spec.ClaimRef
	}
}

// settlePod gives a pod the account and the node that admission and the scheduler give it.
func settlePod(stored, next runtime.Object) {
	old, new := stored.(*core.Pod), next.(*core.Pod)
	for _, pod := range []*core.Pod{old, new} {
		if pod.Spec.ServiceAccountName == "" {
			pod.Spec.ServiceAccountName = "default"
		}
		pod.Spec.DeprecatedServiceAccount = pod.Spec.ServiceAccountName
	}
	if old.Spec.NodeName == "" {
		old.Spec.NodeName = new.Spec.NodeName
	} else if new.Spec.NodeName == "" {
		new.Spec.NodeName = old.Spec.NodeName
	}
}

// settleService gives a Service the addresses and ports that the server allocated, and keeps them.
func settleService(stored, next runtime.Object) {
	old, new := stored.(*core.Service), next.(*core.Service)
	if !hasAddress(old) || !hasAddress(new) {
		return
	}
	if len(old.Spec.IPFamilies) == 0 {
		old.Spec.IPFamilies = new.Spec.IPFamilies
	}
	if old.Spec.IPFamilyPolicy == nil {
		old.Spec.IPFamilyPolicy = new.Spec.IPFamilyPolicy
	}
	if old.Spec.ClusterIP == "" {
		allocate(old, new)
	}
	if new.Spec.ClusterIP == "" {
		new.Spec.ClusterIP = old.Spec.ClusterIP
	}
	if len(new.Spec.ClusterIPs) == 0 {
		new.Spec.ClusterIPs = old.Spec.ClusterIPs
	}
	if len(new.Spec.IPFamilies) == 0 {
		new.Spec.IPFamilies = old.Spec.IPFamilies
	}
	if new.Spec.IPFamilyPolicy == nil {
		new.Spec.IPFamilyPolicy = old.Spec.IPFamilyPolicy
	}
	if !needsHealthCheckPort(old) || !needsHealthCheckPort(new) {
		return
	}
	switch allocatedPort {
	case old.Spec.HealthCheckNodePort:
		old.Spec.HealthCheckNodePort = new.Spec.HealthCheckNodePort
	case new.Spec.HealthCheckNodePort:
		new.Spec.HealthCheckNodePort = old.Spec.HealthCheckNodePort
	}
}

func hasAddress(service *core.Service) bool {
	return service.Spec.Type != core.ServiceTypeExternalName
}

// allocate takes the address that head asks for, where it asks for one, for the allocated one.
func allocate(old, new *core.Service) {
	if new.Spec.ClusterIP != "" && new.Spec.ClusterIP != core.ClusterIPNone {
		old.Spec.ClusterIP, old.Spec.ClusterIPs = new.Spec.ClusterIP, new.Spec.ClusterIPs
		return
	}
	addresses := map[core.IPFamily]string{core.IPv4Protocol: "10.96.0.77", core.IPv6Protocol: "fd00:96::77"}
	families := old.Spec.IPFamilies
	if len(families) == 0 {
		families = []core.IPFamily{core.IPv4Protocol}
		old.Spec.IPFamilies = families
	}
	if old.Spec.IPFamilyPolicy == nil {
		policy := core.IPFamilyPolicySingleStack
		old.Spec.IPFamilyPolicy = &policy
	}
	old.Spec.ClusterIPs = nil
	for _, family := range families {
		old.Spec.ClusterIPs = append(old.Spec.ClusterIPs, addresses[family])
	}
	old.Spec.ClusterIP = old.Spec.ClusterIPs[0]
}
