#!/usr/bin/env bash
# In a CustomResourceDefinition, a field with `nullable: true` and an `enum` never takes null, also if the enum lists it.
#
# k8s.io/apiextensions-apiserver 0.37.2, with which the API server judges custom resources. OpenAPI 3.0 wants null to be
# listed in the enum of a nullable field, and other schemas take `nullable` for enough. Here neither helps: null is
# compared with none of the values, and the message for an enum that lists null names "null" among the supported values.
# A null that `nullable` does not allow is dropped before, if the field is not required, so that the same null is taken
# once `nullable` is removed: loosening the definition makes it refuse what it took. Charts write such a null for each
# value that is left empty.
#
# Seen, for a field a with `type: string` and the object {"a": null}:
#   enum: [x]                            taken as {}
#   nullable: true                       taken as {"a":null}
#   nullable: true, enum: [x]            Unsupported value: null: supported values: "x"
#   nullable: true, enum: [x, null]      Unsupported value: null: supported values: "x", "null"
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >main.go <<'END_OF_GO'
package main

import (
	"encoding/json"
	"fmt"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
)

func main() {
	for _, field := range []string{
		`{"type": "string", "enum": ["x"]}`,
		`{"type": "string", "nullable": true}`,
		`{"type": "string", "nullable": true, "enum": ["x"]}`,
		`{"type": "string", "nullable": true, "enum": ["x", null]}`,
	} {
		if err := judge(`{"type": "object", "properties": {"a": ` + field + `}}`); err != nil {
			panic(err)
		}
	}
}

func judge(definition string) error {
	var published v1.JSONSchemaProps
	if err := json.Unmarshal([]byte(definition), &published); err != nil {
		return err
	}
	var internal apiextensions.JSONSchemaProps
	if err := v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&published, &internal, nil); err != nil {
		return err
	}
	structural, err := schema.NewStructural(&internal)
	if err != nil {
		return err
	}
	validator, _, err := validation.NewSchemaValidator(&internal)
	if err != nil {
		return err
	}
	object := map[string]any{"a": nil}
	defaulting.PruneNonNullableNullsWithoutDefaults(object, structural)
	text, err := json.Marshal(object)
	fmt.Println(string(text), validation.ValidateCustomResource(nil, object, validator).ToAggregate())
	return err
}
END_OF_GO
go mod init example.com/finding >init.log 2>&1
go get k8s.io/apiextensions-apiserver@v0.37.2 >get.log 2>&1
go mod tidy >tidy.log 2>&1
seen=$(go run .)
echo "$seen"
[ "$seen" = '{} <nil>
{"a":null} <nil>
{"a":null} a: Unsupported value: null: supported values: "x"
{"a":null} a: Unsupported value: null: supported values: "x", "null"' ]
