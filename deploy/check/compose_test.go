package check

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// loadComposition reads compose.yaml as docker compose does, and fails for what its schema does not have.
func loadComposition(t *testing.T) *types.Project {
	t.Helper()
	options, err := cli.NewProjectOptions([]string{filepath.Join(root, "compose.yaml")}, cli.WithInterpolation(true), cli.WithResolvedPaths(true))
	if err != nil {
		t.Fatal(err)
	}
	project, err := options.LoadProject(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

// TestComposition checks what the services of imgsvc are told, with the secrets that deploy/secrets.sh makes.
func TestComposition(t *testing.T) {
	project := loadComposition(t)
	dir := makeSecrets(t)
	for name, secret := range project.Secrets {
		if _, err := os.Stat(filepath.Join(dir, filepath.Base(secret.File))); err != nil {
			t.Errorf("secret %s: deploy/secrets.sh does not make it: %v", name, err)
		}
	}
	for _, name := range []string{"seed", "imgsvc"} {
		service := project.Services[name]
		if service.User != "" || !service.ReadOnly {
			t.Errorf("%s: user %q, read_only %t: want the image's own user on a file system nobody writes to", name, service.User, service.ReadOnly)
		}
		env, secrets := map[string]string{}, map[string]string{}
		for key, value := range service.Environment {
			env[key] = *value
		}
		for _, secret := range service.Secrets {
			secrets["/run/secrets/"+secret.Source] = filepath.Join(dir, secret.Source)
		}
		runs(t, service.Command, env, secrets, 1)
	}
}

// TestCompositionHealth checks that the check of health fails where nobody listens: by its threshold, not by its flags.
func TestCompositionHealth(t *testing.T) {
	test := loadComposition(t).Services["imgsvc"].HealthCheck.Test
	if len(test) < 3 || test[0] != "CMD" || test[1] != "/imgsvc" {
		t.Fatalf("%q is not the program in the image, which has no other", test)
	}
	args := append([]string{}, test[2:]...)
	args[len(args)-1] = strings.Replace(args[len(args)-1], ":3001/", ":1/", 1)
	runs(t, args, nil, nil, 3)
}

// TestCompositionDrains checks that the balancer notices in time, and that nobody is killed while taking leave.
func TestCompositionDrains(t *testing.T) {
	service := loadComposition(t).Services["imgsvc"]
	delay := duration(t, *service.Environment["IMGSVC_DRAIN_DELAY"])
	if noticed := noticedWithin(t); delay <= noticed {
		t.Errorf("IMGSVC_DRAIN_DELAY %s, and the balancer may take %s", delay, noticed)
	}
	grace := time.Duration(*service.StopGracePeriod)
	if need := delay + duration(t, *service.Environment["IMGSVC_DRAIN_TIMEOUT"]); grace <= need {
		t.Errorf("stop_grace_period %s, and taking leave may take %s", grace, need)
	}
}

// makeSecrets runs deploy/secrets.sh twice: the second time it changes nothing.
func makeSecrets(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "secrets")
	var before map[string]string
	for range 2 {
		if text, err := exec.Command(filepath.Join(root, "deploy", "secrets.sh"), dir).CombinedOutput(); err != nil || len(text) > 0 {
			t.Fatalf("deploy/secrets.sh: %v\n%s", err, text)
		}
		now := map[string]string{}
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(filepath.Join(dir, file.Name()))
			if err != nil || len(text) == 0 {
				t.Fatalf("%s is empty (%v)", file.Name(), err)
			}
			now[file.Name()] = string(text)
			if old, ok := before[file.Name()]; ok && old != string(text) {
				t.Errorf("deploy/secrets.sh has made another %s", file.Name())
			}
		}
		before = now
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder of secrets has mode %v (%v), want 0700", info.Mode(), err)
	}
	return dir
}
