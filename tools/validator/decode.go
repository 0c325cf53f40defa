package main

import (
	"errors"
	"regexp"
	"sort"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
)

var (
	unknownField   = regexp.MustCompile(`^unknown field "(.*)"$`)
	duplicateField = regexp.MustCompile(`^duplicate field "(.*)"$`)
	wrongType      = regexp.MustCompile(`cannot unmarshal (.+) into Go struct field \S*?\.([\w.]+) of type (\S+)`)
)

// decoder reads objects of a scheme as the server does under strict field validation: in the
// version of the text, with defaults, then in the internal version.
func decoder(scheme *runtime.Scheme, version schema.GroupVersionKind) func([]byte) (runtime.Object, []Refusal) {
	strict := serializer.NewSerializerWithOptions(serializer.DefaultMetaFactory, scheme, scheme,
		serializer.SerializerOptions{Strict: true})
	return func(data []byte) (runtime.Object, []Refusal) {
		object, _, err := strict.Decode(data, &version, nil)
		var refusals []Refusal
		if err != nil {
			refusals = decodingRefusals(err)
			if object == nil {
				return nil, refusals
			}
		}
		scheme.Default(object)
		internal, err := scheme.UnsafeConvertToVersion(object, schema.GroupVersion{
			Group: version.Group, Version: runtime.APIVersionInternal})
		if err != nil {
			return nil, append(refusals, Refusal{Type: "Conversion", Detail: err.Error()})
		}
		return internal, refusals
	}
}

// decodingRefusals takes apart what strict decoding complains of.
func decodingRefusals(err error) []Refusal {
	strictErr, isStrict := runtime.AsStrictDecodingError(err)
	if !isStrict {
		return []Refusal{decodingRefusal(err)}
	}
	var refusals []Refusal
	for _, single := range strictErr.Errors() {
		refusals = append(refusals, decodingRefusal(single))
	}
	return refusals
}

func decodingRefusal(err error) Refusal {
	message := err.Error()
	if match := unknownField.FindStringSubmatch(message); match != nil {
		return Refusal{Field: match[1], Type: "UnknownField"}
	}
	if match := duplicateField.FindStringSubmatch(message); match != nil {
		return Refusal{Field: match[1], Type: "DuplicateField"}
	}
	if match := wrongType.FindStringSubmatch(message); match != nil {
		return Refusal{Field: match[2], Type: "WrongType", Detail: "a " + match[1] + " where " + match[3] + " belongs"}
	}
	for unwrapped := errors.Unwrap(err); unwrapped != nil; unwrapped = errors.Unwrap(unwrapped) {
		message = unwrapped.Error()
	}
	return Refusal{Type: "Decoding", Detail: withoutValues(message)}
}

var quoted = regexp.MustCompile(`'[^']*'|"[^"]*"`)

// withoutValues drops quoted text, which may be a value of a Secret.
func withoutValues(message string) string {
	message, _, _ = strings.Cut(message, "\n")
	return quoted.ReplaceAllString(message, "a value")
}

func differing(before, after map[string]any) []string {
	var names []string
	for name, value := range after {
		if old, there := before[name]; !there || !equal(old, value) {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, there := after[name]; !there {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	return names
}
