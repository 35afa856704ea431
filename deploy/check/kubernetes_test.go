package check

import (
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const kubernetes = root + "/deploy/kubernetes"

// cluster is what deploy/kubernetes makes there.
type cluster struct {
	deployment appsv1.Deployment
	job        batchv1.Job
	service    corev1.Service
	config     corev1.ConfigMap
	scaler     autoscalingv2.HorizontalPodAutoscaler
	budget     policyv1.PodDisruptionBudget
	secret     corev1.Secret // the example
}

// loadCluster has kustomize put the files together, and reads each object by Kubernetes' own types, which must know all of
// its fields.
func loadCluster(t *testing.T) (c cluster) {
	t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), kubernetes)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]any{
		"Deployment": &c.deployment, "Job": &c.job, "Service": &c.service, "ConfigMap": &c.config,
		"HorizontalPodAutoscaler": &c.scaler, "PodDisruptionBudget": &c.budget,
	}
	for _, resource := range resources.Resources() {
		into, ok := kinds[resource.GetKind()]
		if !ok {
			t.Fatalf("a %s that nobody reads, or a second one", resource.GetKind())
		}
		delete(kinds, resource.GetKind())
		if namespace := resource.GetNamespace(); namespace != "" {
			t.Errorf("%s is bound to the namespace %s", resource.GetKind(), namespace)
		}
		text, err := resource.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict(text, into); err != nil {
			t.Errorf("%s: %v", resource.GetKind(), err)
		}
	}
	for kind := range kinds {
		t.Errorf("kustomization.yaml has no %s", kind)
	}
	text, err := os.ReadFile(filepath.Join(kubernetes, "secret.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, &c.secret); err != nil {
		t.Error(err)
	}
	return c
}

// TestClusterNames checks that objects that name each other mean each other.
func TestClusterNames(t *testing.T) {
	c := loadCluster(t)
	labels := c.deployment.Spec.Template.Labels
	for what, selector := range map[string]map[string]string{
		"Deployment":          c.deployment.Spec.Selector.MatchLabels,
		"Service":             c.service.Spec.Selector,
		"PodDisruptionBudget": c.budget.Spec.Selector.MatchLabels,
		"spread over nodes":   c.deployment.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector.MatchLabels,
		"spread over zones":   c.deployment.Spec.Template.Spec.TopologySpreadConstraints[1].LabelSelector.MatchLabels,
	} {
		if !maps.Equal(selector, labels) {
			t.Errorf("%s selects %v, pods have %v", what, selector, labels)
		}
	}
	if ref := c.scaler.Spec.ScaleTargetRef; ref.Kind != "Deployment" || ref.Name != c.deployment.Name || ref.APIVersion != "apps/v1" {
		t.Errorf("the autoscaler scales %v", ref)
	}
	if c.deployment.Spec.Replicas != nil {
		t.Error("the Deployment has a number of replicas, which the autoscaler's would be undone by")
	}
	ports := map[string]bool{}
	for _, port := range c.deployment.Spec.Template.Spec.Containers[0].Ports {
		ports[port.Name] = true
	}
	container := c.deployment.Spec.Template.Spec.Containers[0]
	for _, probe := range []*corev1.Probe{container.StartupProbe, container.ReadinessProbe, container.LivenessProbe} {
		if !ports[probe.HTTPGet.Port.StrVal] {
			t.Errorf("a probe asks on port %s", probe.HTTPGet.Port.StrVal)
		}
	}
	if target := c.service.Spec.Ports[0].TargetPort.StrVal; target != "http" || !ports[target] {
		t.Errorf("the Service sends to port %s", target)
	}
	if config := container.EnvFrom[0].ConfigMapRef.Name; config != c.config.Name {
		t.Errorf("pods read the ConfigMap %s", config)
	}
}

// TestClusterFlags checks what the containers are told, with the secrets of the example.
func TestClusterFlags(t *testing.T) {
	c := loadCluster(t)
	runs(t, c.deployment.Spec.Template.Spec.Containers[0].Args, c.config.Data, c.mounted(t, c.deployment.Spec.Template.Spec), 1)
	seed := c.job.Spec.Template.Spec
	env := map[string]string{}
	for _, variable := range seed.Containers[0].Env {
		env[variable.Name] = variable.Value
	}
	runs(t, seed.Containers[0].Args, env, c.mounted(t, seed), 1)
}

// mounted writes the secrets that a pod mounts to files, and returns those by the path the pod knows them by.
func (c cluster) mounted(t *testing.T, pod corev1.PodSpec) map[string]string {
	t.Helper()
	files := map[string]string{}
	source := pod.Volumes[0].Secret
	if source.SecretName != c.secret.Name || pod.Containers[0].VolumeMounts[0].Name != pod.Volumes[0].Name {
		t.Fatalf("the pod mounts %s", source.SecretName)
	}
	for key, value := range c.secret.StringData {
		path := filepath.Join(t.TempDir(), key)
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			t.Fatal(err)
		}
		files[pod.Containers[0].VolumeMounts[0].MountPath+"/"+key] = path
	}
	return files
}

// TestClusterSafety checks that pods cannot do what they need not, and are not killed while taking leave.
func TestClusterSafety(t *testing.T) {
	c := loadCluster(t)
	for name, pod := range map[string]corev1.PodSpec{"Deployment": c.deployment.Spec.Template.Spec, "Job": c.job.Spec.Template.Spec} {
		own, all := pod.Containers[0].SecurityContext, pod.SecurityContext
		if !*all.RunAsNonRoot || *all.RunAsUser == 0 || all.SeccompProfile.Type != corev1.SeccompProfileTypeRuntimeDefault ||
			*own.AllowPrivilegeEscalation || !*own.ReadOnlyRootFilesystem || own.Capabilities.Drop[0] != "ALL" ||
			*pod.AutomountServiceAccountToken {
			t.Errorf("%s: what Kubernetes calls restricted does not hold", name)
		}
		if pod.Containers[0].Resources.Limits.Memory().IsZero() || pod.Containers[0].Resources.Requests.Cpu().IsZero() {
			t.Errorf("%s: no resources", name)
		}
		if mode := *pod.Volumes[0].Secret.DefaultMode; mode != 0o440 {
			t.Errorf("%s: secrets have mode %o", name, mode)
		}
	}
	pod := c.deployment.Spec.Template.Spec
	need := duration(t, c.config.Data["IMGSVC_DRAIN_DELAY"]) + duration(t, c.config.Data["IMGSVC_DRAIN_TIMEOUT"])
	if grace := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second; grace <= need {
		t.Errorf("terminationGracePeriodSeconds is %s, and taking leave may take %s", grace, need)
	}
	ready := pod.Containers[0].ReadinessProbe
	if store := duration(t, c.config.Data["IMGSVC_STORE_TIMEOUT"]); time.Duration(ready.TimeoutSeconds)*time.Second <= store {
		t.Errorf("a probe of readiness has %d s, and the store may take %s", ready.TimeoutSeconds, store)
	}
}
