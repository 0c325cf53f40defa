// Command limits says which pods LimitRanges and quotas refuse, by the code of their admission.
//
// It reads JSON lines {"pod": {...}, "ranges": [...], "quota": {...}} and prints for each which of
// the two refuses the pod. A quota refuses what does not say how much of a resource it takes.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	v1 "k8s.io/api/core/v1"
	quota "k8s.io/apiserver/pkg/quota/v1"
	api "k8s.io/kubernetes/pkg/apis/core"
	corev1 "k8s.io/kubernetes/pkg/apis/core/v1"
	evaluators "k8s.io/kubernetes/pkg/quota/v1/evaluator/core"
	"k8s.io/kubernetes/plugin/pkg/admission/limitranger"
	"k8s.io/utils/clock"
)

type question struct {
	Pod    v1.Pod           `json:"pod"`
	Ranges []v1.LimitRange  `json:"ranges"`
	Quota  v1.ResourceQuota `json:"quota"`
}

type answer struct {
	Range bool `json:"range"`
	Quota bool `json:"quota"`
}

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
	corev1.SetObjectDefaults_Pod(&asked.Pod)
	var pod api.Pod
	check(corev1.Convert_v1_Pod_To_core_Pod(&asked.Pod, &pod, nil))
	for index := range asked.Ranges {
		corev1.SetObjectDefaults_LimitRange(&asked.Ranges[index])
		check(limitranger.PodMutateLimitFunc(&asked.Ranges[index], &pod))
	}
	var result answer
	for index := range asked.Ranges {
		if limitranger.PodValidateLimitFunc(&asked.Ranges[index], &pod) != nil {
			result.Range = true
		}
	}
	evaluator := evaluators.NewPodEvaluator(nil, clock.RealClock{})
	required := evaluator.MatchingResources(quota.ResourceNames(asked.Quota.Spec.Hard))
	result.Quota = evaluator.Constraints(required, &pod) != nil
	return result
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
