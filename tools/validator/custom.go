package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const deepestSchema = 200

// customKinds are the kinds that definitions among the input describe, compiled when first asked.
type customKinds struct {
	definitions map[string]json.RawMessage
	compiled    map[string]*kind
	reasons     map[string]string
}

func newCustomKinds(definitions map[string]json.RawMessage) *customKinds {
	return &customKinds{definitions, map[string]*kind{}, map[string]string{}}
}

func (c *customKinds) kind(version schema.GroupVersionKind, key string) (*kind, string) {
	name := key + " " + version.String()
	if found, there := c.compiled[name]; there {
		return found, c.reasons[name]
	}
	found, reason := c.compile(version, key)
	c.compiled[name], c.reasons[name] = found, reason
	return found, reason
}

func (c *customKinds) compile(version schema.GroupVersionKind, key string) (*kind, string) {
	text, there := c.definitions[key]
	if !there {
		return nil, "its definition was not given"
	}
	var definition apiextensionsv1.CustomResourceDefinition
	if err := json.Unmarshal(text, &definition); err != nil {
		return nil, "its definition cannot be read"
	}
	apiextensionsv1.SetDefaults_CustomResourceDefinition(&definition)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&definition.Spec)
	for index := range definition.Spec.Versions {
		if served := &definition.Spec.Versions[index]; served.Name == version.Version {
			return customKind(&definition, served, version)
		}
	}
	return nil, "its definition has no such version"
}

// customKind is a version of a definition, as the server's handler of custom resources sets it up.
func customKind(definition *apiextensionsv1.CustomResourceDefinition, served *apiextensionsv1.CustomResourceDefinitionVersion, version schema.GroupVersionKind) (*kind, string) {
	if served.Schema == nil || served.Schema.OpenAPIV3Schema == nil || definition.Spec.PreserveUnknownFields {
		return nil, "its definition has no schema"
	}
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(served.Schema.OpenAPIV3Schema, &internal, nil); err != nil {
		return nil, "the schema of its definition cannot be read"
	}
	if tooDeep(&internal, deepestSchema) {
		return nil, "the schema of its definition is nested too deeply"
	}
	shape, err := structural.NewStructural(&internal)
	if err != nil {
		return nil, "the schema of its definition is not structural"
	}
	validator, _, err := validation.NewSchemaValidator(&internal)
	if err != nil {
		return nil, "the schema of its definition is not valid"
	}
	var status *apiextensions.CustomResourceSubresourceStatus
	if served.Subresources != nil && served.Subresources.Status != nil {
		status = &apiextensions.CustomResourceSubresourceStatus{}
	}
	namespaced := definition.Spec.Scope == apiextensionsv1.NamespaceScoped
	return &kind{
		version:  version,
		strategy: customresource.NewStrategy(unstructuredTyper{}, namespaced, version, validator, nil, shape, status, nil, nil),
		decode:   func(data []byte) (runtime.Object, []Refusal) { return decodeCustom(data, shape) },
	}, ""
}

func tooDeep(schema *apiextensions.JSONSchemaProps, left int) bool {
	if schema == nil {
		return false
	}
	if left == 0 {
		return true
	}
	for _, property := range schema.Properties {
		if tooDeep(&property, left-1) {
			return true
		}
	}
	if schema.Items != nil && tooDeep(schema.Items.Schema, left-1) {
		return true
	}
	return schema.AdditionalProperties != nil && tooDeep(schema.AdditionalProperties.Schema, left-1)
}

// decodeCustom prunes and defaults an object as the server does, and names what it prunes.
func decodeCustom(data []byte, shape *structural.Structural) (runtime.Object, []Refusal) {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(data); err != nil {
		return nil, []Refusal{{Type: "Decoding", Detail: withoutValues(err.Error())}}
	}
	meta, found, unknown, err := objectmeta.GetObjectMetaWithOptions(object.Object,
		objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return nil, []Refusal{metadataRefusal(err)}
	}
	kept := map[string]any{"apiVersion": object.GetAPIVersion(), "kind": object.GetKind()}
	pruned := pruning.PruneWithOptions(object.Object, shape, true,
		structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	defaulting.PruneNonNullableNullsWithoutDefaults(object.Object, shape)
	coerced, paths := objectmeta.CoerceWithOptions(nil, object.Object, shape, false,
		objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	var refusals []Refusal
	for _, path := range append(append(unknown, pruned...), paths...) {
		refusals = append(refusals, Refusal{Field: path, Type: "UnknownField"})
	}
	if coerced != nil {
		return nil, append(refusals, Refusal{Field: coerced.Field, Type: string(coerced.Type), Detail: coerced.Detail})
	}
	defaulting.Default(object.Object, shape)
	for name, value := range kept {
		object.Object[name] = value
	}
	if found {
		if err := objectmeta.SetObjectMeta(object.Object, meta); err != nil {
			return nil, append(refusals, Refusal{Type: "Decoding", Detail: withoutValues(err.Error())})
		}
	}
	return object, refusals
}

func metadataRefusal(err error) Refusal {
	if match := wrongType.FindStringSubmatch(err.Error()); match != nil {
		path := match[2]
		if !strings.HasPrefix(path, "metadata") {
			path = "metadata." + path
		}
		return Refusal{Field: path, Type: "WrongType", Detail: fmt.Sprintf("a %s where %s belongs", match[1], match[3])}
	}
	return Refusal{Field: "metadata", Type: "Decoding", Detail: withoutValues(err.Error())}
}

// unstructuredTyper names the kind of an object by what the object says.
type unstructuredTyper struct{}

func (unstructuredTyper) ObjectKinds(object runtime.Object) ([]schema.GroupVersionKind, bool, error) {
	return []schema.GroupVersionKind{object.GetObjectKind().GroupVersionKind()}, false, nil
}

func (unstructuredTyper) Recognizes(schema.GroupVersionKind) bool { return true }
