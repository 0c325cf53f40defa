package main

import (
	"context"
	"encoding/json"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
)

// strategy is what the server's storage of a kind asks before it creates or updates an object.
type strategy interface {
	rest.RESTCreateStrategy
	rest.RESTUpdateStrategy
}

// kind is how the server decodes and validates the objects of one version of one kind.
type kind struct {
	version  schema.GroupVersionKind
	strategy strategy
	// decode gives the object in the version that the strategy works on, with defaults, and what
	// strict field validation says of the text.
	decode func(data []byte) (runtime.Object, []Refusal)
	// settle gives a stored object, and the next version of it, what a cluster adds by itself.
	settle func(stored, next runtime.Object)
	// prepare does what the server's storage does to an object before it asks the strategy.
	prepare func(object runtime.Object)
}

// judge says what the server refuses of head: as a new object where there is no base, and else as
// an update of base. What it would refuse of base as well is not the change's doing.
func judge(kind *kind, base, head json.RawMessage) []Refusal {
	if base != nil && kind.version.Kind == "Secret" {
		head = withStringData(base, head)
	}
	next, refusals := kind.decode(head)
	if base == nil {
		if next == nil {
			return refusals
		}
		return append(refusals, kind.create(next)...)
	}
	stored, before := kind.decode(base)
	if stored != nil {
		before = append(before, kind.create(stored.DeepCopyObject())...)
	}
	if next == nil {
		return without(refusals, before)
	}
	alone := kind.create(next.DeepCopyObject())
	if len(before) > 0 || stored == nil {
		return without(append(refusals, alone...), before)
	}
	return append(refusals, kind.change(stored, next, alone, base, head)...)
}

// change says what the server refuses of an update, given what it refuses of the new object alone.
func (k *kind) change(stored, next runtime.Object, alone []Refusal, base, head json.RawMessage) []Refusal {
	refused := k.update(stored, next)
	var result []Refusal
	for index := range refused {
		if contains(alone, refused[index]) {
			result = append(result, refused[index])
			continue
		}
		refused[index].Update = true
		refused[index].Culprits = k.culprits(refused[index], base, head)
		result = append(result, refused[index])
	}
	return result
}

func (k *kind) create(object runtime.Object) []Refusal {
	k.name(object)
	ctx := k.context(object)
	k.strategy.PrepareForCreate(ctx, object)
	return refusalsOf(rest.ValidateCreate(ctx, object, k.strategy))
}

func (k *kind) update(stored, next runtime.Object) []Refusal {
	stored, next = stored.DeepCopyObject(), next.DeepCopyObject()
	k.name(stored)
	k.name(next)
	ctx := k.context(stored)
	k.strategy.PrepareForCreate(ctx, stored)
	if k.settle != nil {
		k.settle(stored, next)
	}
	for _, object := range []runtime.Object{stored, next} {
		if accessor, err := meta.Accessor(object); err == nil {
			accessor.SetResourceVersion("1")
		}
	}
	storedMeta, _ := meta.Accessor(stored)
	if nextMeta, err := meta.Accessor(next); err == nil {
		nextMeta.SetUID(storedMeta.GetUID())
		nextMeta.SetCreationTimestamp(storedMeta.GetCreationTimestamp())
		nextMeta.SetGeneration(storedMeta.GetGeneration())
	}
	k.strategy.PrepareForUpdate(ctx, next, stored)
	return refusalsOf(rest.ValidateUpdate(ctx, next, stored, k.strategy))
}

// name gives an object what the server fills in before it asks a strategy: metadata, mostly.
func (k *kind) name(object runtime.Object) {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return
	}
	if accessor.GetName() == "" && accessor.GetGenerateName() != "" {
		accessor.SetName(accessor.GetGenerateName() + "xxxxx")
	}
	if !k.strategy.NamespaceScoped() {
		accessor.SetNamespace(metav1.NamespaceNone)
	} else if accessor.GetNamespace() == "" {
		accessor.SetNamespace(metav1.NamespaceDefault)
	}
	rest.FillObjectMetaSystemFields(accessor)
	accessor.SetUID("00000000-0000-0000-0000-000000000001")
	if k.prepare != nil {
		k.prepare(object)
	}
}

func (k *kind) context(object runtime.Object) context.Context {
	namespace, name := "", ""
	if accessor, err := meta.Accessor(object); err == nil {
		namespace, name = accessor.GetNamespace(), accessor.GetName()
	}
	ctx := request.WithNamespace(request.NewContext(), namespace)
	return request.WithRequestInfo(ctx, &request.RequestInfo{
		IsResourceRequest: true,
		APIGroup:          k.version.Group,
		APIVersion:        k.version.Version,
		Namespace:         namespace,
		Name:              name,
	})
}

// culprits are the fields below a refused one whose change alone the server refuses as well.
func (k *kind) culprits(refusal Refusal, base, head json.RawMessage) []string {
	if refusal.Field == "" {
		return nil
	}
	var old, next map[string]any
	if json.Unmarshal(base, &old) != nil || json.Unmarshal(head, &next) != nil {
		return nil
	}
	before, _ := old[refusal.Field].(map[string]any)
	after, _ := next[refusal.Field].(map[string]any)
	if before == nil || after == nil {
		return nil
	}
	var found []string
	for _, name := range differing(before, after) {
		if k.refusesAlone(refusal, old, name, after) {
			found = append(found, refusal.Field+"."+name)
		}
	}
	return found
}

// refusesAlone says whether base with this one subfield of head's is refused for the same reason.
func (k *kind) refusesAlone(refusal Refusal, old map[string]any, name string, after map[string]any) bool {
	parent, _ := old[refusal.Field].(map[string]any)
	changed := map[string]any{}
	for key, value := range parent {
		changed[key] = value
	}
	if value, there := after[name]; there {
		changed[name] = value
	} else {
		delete(changed, name)
	}
	whole := map[string]any{}
	for key, value := range old {
		whole[key] = value
	}
	whole[refusal.Field] = changed
	encoded, err := json.Marshal(whole)
	if err != nil {
		return false
	}
	original, err := json.Marshal(old)
	if err != nil {
		return false
	}
	stored, _ := k.decode(original)
	next, _ := k.decode(encoded)
	if stored == nil || next == nil {
		return false
	}
	for _, other := range k.update(stored, next) {
		if other.Field == refusal.Field && other.Type == refusal.Type {
			return true
		}
	}
	return false
}

func refusalsOf(errors field.ErrorList) []Refusal {
	var result []Refusal
	for _, err := range errors {
		// What follows a line break is a difference that holds values.
		detail, _, _ := strings.Cut(err.Detail, "\n")
		refusal := Refusal{Field: err.Field, Type: string(err.Type), Detail: detail}
		if !contains(result, refusal) {
			result = append(result, refusal)
		}
	}
	return result
}

func contains(refusals []Refusal, wanted Refusal) bool {
	for _, refusal := range refusals {
		if refusal.Field == wanted.Field && refusal.Type == wanted.Type && refusal.Detail == wanted.Detail {
			return true
		}
	}
	return false
}

// without drops the refusals that base has as well.
func without(refusals, before []Refusal) []Refusal {
	var result []Refusal
	for _, refusal := range refusals {
		if !contains(before, refusal) {
			result = append(result, refusal)
		}
	}
	return result
}
