// Checks manifests as a cluster would: renders the kustomization in each folder given, decodes every object strictly
// against the types of the Kubernetes API, and holds every Pod template to the restricted Pod Security profile. Prints
// one JSON object: by folder the rendered objects, and what is wrong.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	psaapi "k8s.io/pod-security-admission/api"
	psapolicy "k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

type report struct {
	Objects []json.RawMessage `json:"objects"`
	Wrong   []string          `json:"wrong"`
}

func main() {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		appsv1.AddToScheme, batchv1.AddToScheme, corev1.AddToScheme, networkingv1.AddToScheme, policyv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			panic(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	evaluator, err := psapolicy.NewEvaluator(psapolicy.DefaultChecks())
	if err != nil {
		panic(err)
	}
	reports := map[string]report{}
	for _, folder := range os.Args[1:] {
		reports[folder] = check(folder, decoder, evaluator)
	}
	if err := json.NewEncoder(os.Stdout).Encode(reports); err != nil {
		panic(err)
	}
}

func check(folder string, decoder runtime.Decoder, evaluator psapolicy.Evaluator) report {
	found := report{Objects: []json.RawMessage{}, Wrong: []string{}}
	rendered, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		found.Wrong = append(found.Wrong, err.Error())
		return found
	}
	for _, resource := range rendered.Resources() {
		text, err := resource.MarshalJSON()
		if err != nil {
			panic(err)
		}
		found.Objects = append(found.Objects, text)
		name := fmt.Sprintf("%s %s", resource.GetKind(), resource.GetName())
		object, _, err := decoder.Decode(text, nil, nil)
		if err != nil {
			found.Wrong = append(found.Wrong, fmt.Sprintf("%s: %v", name, err))
			continue
		}
		meta, spec := podOf(object)
		if spec == nil {
			continue
		}
		restricted := psaapi.LevelVersion{Level: psaapi.LevelRestricted, Version: psaapi.LatestVersion()}
		for _, result := range evaluator.EvaluatePod(restricted, meta, spec) {
			if !result.Allowed {
				found.Wrong = append(found.Wrong, strings.TrimSpace(fmt.Sprintf("%s: %s: %s", name, result.ForbiddenReason, result.ForbiddenDetail)))
			}
		}
	}
	return found
}

func podOf(object runtime.Object) (*metav1.ObjectMeta, *corev1.PodSpec) {
	var template corev1.PodTemplateSpec
	switch workload := object.(type) {
	case *appsv1.Deployment:
		template = workload.Spec.Template
	case *appsv1.StatefulSet:
		template = workload.Spec.Template
	case *batchv1.CronJob:
		template = workload.Spec.JobTemplate.Spec.Template
	default:
		return nil, nil
	}
	return &template.ObjectMeta, &template.Spec
}
