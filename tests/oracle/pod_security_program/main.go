// Command pod_security says which checks of the Pod Security Standards a pod fails.
//
// It reads pods as JSON lines and prints for each, by level, the failing checks by the version since
// which it is these that fail.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sort"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

const (
	oldest = 19
	newest = 37
)

func main() {
	evaluator, err := policy.NewEvaluator(named(policy.DefaultChecks()), nil)
	check(err)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 0, 1<<20), 1<<24)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var pod v1.Pod
		check(json.Unmarshal(lines.Bytes(), &pod))
		byLevel := map[string]map[string][]string{}
		for _, level := range []api.Level{api.LevelBaseline, api.LevelRestricted} {
			byLevel[string(level)] = failing(evaluator, level, &pod)
		}
		check(out.Encode(byLevel))
	}
	check(lines.Err())
}

// named makes the checks give their names as the reason why a pod is forbidden.
func named(checks []policy.Check) []policy.Check {
	for _, one := range checks {
		for index := range one.Versions {
			version, id := &one.Versions[index], string(one.ID)
			checkPod := version.CheckPod
			version.CheckPod = func(meta *metav1.ObjectMeta, spec *v1.PodSpec) policy.CheckResult {
				result := checkPod(meta, spec)
				result.ForbiddenReason = id
				return result
			}
		}
	}
	return checks
}

func failing(evaluator policy.Evaluator, level api.Level, pod *v1.Pod) map[string][]string {
	result := map[string][]string{}
	last := "none"
	for minor := oldest; minor <= newest; minor++ {
		at := api.LevelVersion{Level: level, Version: api.MajorMinorVersion(1, minor)}
		ids := []string{}
		for _, one := range evaluator.EvaluatePod(at, &pod.ObjectMeta, &pod.Spec) {
			if !one.Allowed {
				ids = append(ids, one.ForbiddenReason)
			}
		}
		sort.Strings(ids)
		text := fmt.Sprint(ids)
		if text != last {
			result[fmt.Sprintf("1.%d", minor)] = ids
		}
		last = text
	}
	return result
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
