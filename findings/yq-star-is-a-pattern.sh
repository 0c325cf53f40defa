#!/usr/bin/env bash
# yq: `== "*"` is true for every value, a quoted key with a star edits every key that it matches, and a number equals a
# text but not the same number in another form.
#
# github.com/mikefarah/yq/v4 4.54.3. The text on the right of == is a pattern in which * and ? are wildcards, and so is
# a key, whether it is quoted or not and whether it is read, set or deleted. Both matter where a star is a value of
# its own: a search for roles that grant every verb lists every role, and an edit of the host *.example.com is an edit of
# all hosts below it. There is no escape; `test` with a regular expression finds the verb, and `with_entries` the key.
# What is compared is the text that the file holds, without its type: 1 and "1" are equal, and fall into one group of
# group_by; 1 and 1.0 are not, nor are 0644 and 420, and 0644 + 1 is 645 where Kubernetes reads 420.
#
# Seen, for the roles reader (get, list), everything (*) and its (get*):
#   .[] | select(.verbs[] == "*") | .name                 reader everything its
#   .[] | select(.verbs[] | test("^[*]$")) | .name        everything
# for {hosts: {"*.example.com": a, shop.example.com: b, other.com: c}}:
#   del(.hosts["*.example.com"])                          {"hosts":{"other.com":"c"}}
#   .hosts["*.example.com"] = "z"                         {"hosts":{"*.example.com":"z","shop.example.com":"z","other.com":"c"}}
# for [1 == "1", true == "true", 1 == 1.0, 0644 == 420, 0644 + 1]:
#                                                         [true,true,false,false,645]
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export GOTOOLCHAIN=auto
GOBIN="$folder" go install github.com/mikefarah/yq/v4@v4.54.3 2>install.log
cat >roles.yaml <<'END_OF_YAML'
- {name: reader, verbs: [get, list]}
- {name: everything, verbs: ["*"]}
- {name: its, verbs: ["get*"]}
END_OF_YAML
printf '{hosts: {"*.example.com": a, shop.example.com: b, other.com: c}}\n' >hosts.yaml
seen=$(
  ./yq '.[] | select(.verbs[] == "*") | .name' roles.yaml | paste -sd' '
  ./yq '.[] | select(.verbs[] | test("^[*]$")) | .name' roles.yaml | paste -sd' '
  ./yq -o json -I 0 'del(.hosts["*.example.com"])' hosts.yaml
  ./yq -o json -I 0 '.hosts["*.example.com"] = "z"' hosts.yaml
  ./yq -n -o json -I 0 '[1 == "1", true == "true", 1 == 1.0, 0644 == 420, 0644 + 1]'
)
echo "$seen"
[ "$seen" = 'reader everything its
everything
{"hosts":{"other.com":"c"}}
{"hosts":{"*.example.com":"z","shop.example.com":"z","other.com":"c"}}
[true,true,false,false,645]' ]
