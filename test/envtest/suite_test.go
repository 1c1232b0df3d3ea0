// Package envtest is a suite as operators have it: controller-runtime's envtest starts an etcd and a
// real kube-apiserver, and many tests share them. With TEST_ASSET_ETCD=bin/etcdlet and
// ETCD_ENABLE_TEST_ENDPOINTS=true each test begins with what was there before the first.
package envtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

var (
	environment *envtest.Environment
	cluster     client.WithWatch
	mark        string
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	environment = &envtest.Environment{CRDs: []*apiextensionsv1.CustomResourceDefinition{widgets()}}
	started := time.Now()
	config, err := environment.Start()
	if err != nil {
		fmt.Println("Cannot start:", err)
		return 1
	}
	fmt.Printf("started in %d ms\n", time.Since(started).Milliseconds())
	defer func() {
		stopped := time.Now()
		if err := environment.Stop(); err != nil {
			fmt.Println("Cannot stop:", err)
		}
		fmt.Printf("stopped in %d ms\n", time.Since(stopped).Milliseconds())
	}()
	if cluster, err = client.NewWithWatch(config, client.Options{}); err != nil {
		fmt.Println("Cannot make a client:", err)
		return 1
	}
	mark, _ = post("/debug/marks")["mark"]
	if mark == "" && os.Getenv("ENVTEST_NEEDS_RESET") != "" {
		fmt.Println("Cannot make a mark: is ETCD_ENABLE_TEST_ENDPOINTS set?")
		return 1
	}
	return m.Run()
}

// post calls a test endpoint of the etcd; nil when it has none.
func post(path string) map[string]string {
	response, err := http.Post(environment.ControlPlane.Etcd.URL.String()+path, "", nil)
	if err != nil {
		return nil
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(response.Body)
	answer := map[string]string{}
	if response.StatusCode >= 300 || json.Unmarshal(body, &answer) != nil {
		return nil
	}
	return answer
}

// isolate goes back to the mark at the end of a test; skips it where there is none.
func isolate(t *testing.T) {
	if mark == "" {
		t.Skip("this etcd cannot be reset")
	}
	t.Cleanup(func() { reset(t) })
}

func reset(t *testing.T) {
	t.Helper()
	if post("/debug/marks/"+mark+"/reset") == nil {
		t.Fatal("Cannot reset")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func namespace(name string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
}

func configMap(namespace, name string) *corev1.ConfigMap {
	meta := metav1.ObjectMeta{Namespace: namespace, Name: name}
	return &corev1.ConfigMap{ObjectMeta: meta, Data: map[string]string{"key": "1"}}
}

func widgets() *apiextensionsv1.CustomResourceDefinition {
	keepAll := true
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: "widgets.test.etcdlet"},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: "test.etcdlet",
			Names: apiextensionsv1.CustomResourceDefinitionNames{Plural: "widgets", Singular: "widget", Kind: "Widget", ListKind: "WidgetList"},
			Scope: apiextensionsv1.NamespaceScoped,
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: "v1", Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object", XPreserveUnknownFields: &keepAll,
				}},
			}},
		},
	}
}

func widget(name string) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{"size": int64(1)}}}
	object.SetAPIVersion("test.etcdlet/v1")
	object.SetKind("Widget")
	object.SetNamespace("default")
	object.SetName(name)
	return object
}

func TestObjectsAreMadeChangedAndDeleted(t *testing.T) {
	ctx := context.Background()
	must(t, cluster.Create(ctx, namespace("objects")))
	for index := range 20 {
		must(t, cluster.Create(ctx, configMap("objects", fmt.Sprintf("c%d", index))))
	}
	var found corev1.ConfigMapList
	must(t, cluster.List(ctx, &found, client.InNamespace("objects")))
	if len(found.Items) != 20 {
		t.Fatalf("found %d of 20", len(found.Items))
	}
	stale := found.Items[0].DeepCopy()
	changed := found.Items[0].DeepCopy()
	changed.Data["key"] = "2"
	must(t, cluster.Update(ctx, changed))
	if err := cluster.Update(ctx, stale); err == nil {
		t.Fatal("a stale update was taken")
	}
	must(t, cluster.DeleteAllOf(ctx, &corev1.ConfigMap{}, client.InNamespace("objects")))
	must(t, cluster.List(ctx, &found, client.InNamespace("objects")))
	if len(found.Items) != 0 {
		t.Fatalf("%d stayed", len(found.Items))
	}
}

func TestCustomResources(t *testing.T) {
	ctx := context.Background()
	object := widget("first")
	must(t, cluster.Create(ctx, object))
	patch := []byte(`{"spec":{"size":2}}`)
	must(t, cluster.Patch(ctx, object, client.RawPatch("application/merge-patch+json", patch)))
	again := widget("first")
	must(t, cluster.Get(ctx, client.ObjectKeyFromObject(again), again))
	if size, _, _ := unstructured.NestedInt64(again.Object, "spec", "size"); size != 2 {
		t.Fatalf("size %d", size)
	}
	must(t, cluster.Delete(ctx, object))
}

// next gives the type of the next event about an object of a name.
func next(t *testing.T, watcher watch.Interface, name string) watch.EventType {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case event := <-watcher.ResultChan():
			if object, ok := event.Object.(client.Object); ok && object.GetName() == name {
				return event.Type
			}
			if event.Type == watch.Error || event.Type == "" {
				t.Fatalf("the watch ended: %v", event.Object)
			}
		case <-limit:
			t.Fatal("no event")
		}
	}
}

func TestWatchSeesWhatHappens(t *testing.T) {
	ctx := context.Background()
	watcher, err := cluster.Watch(ctx, &corev1.ConfigMapList{}, client.InNamespace("default"))
	must(t, err)
	defer watcher.Stop()
	object := configMap("default", "watched")
	must(t, cluster.Create(ctx, object))
	object.Data["key"] = "2"
	must(t, cluster.Update(ctx, object))
	must(t, cluster.Delete(ctx, object))
	for _, wanted := range []watch.EventType{watch.Added, watch.Modified, watch.Deleted} {
		if found := next(t, watcher, "watched"); found != wanted {
			t.Fatalf("%s, not %s", found, wanted)
		}
	}
}

// Five tests that would get into each other's way: a namespace is never deleted in envtest.
func TestIsolation(t *testing.T) {
	for index := range 5 {
		t.Run(fmt.Sprint(index), func(t *testing.T) {
			isolate(t)
			ctx := context.Background()
			var found corev1.ConfigMapList
			must(t, cluster.List(ctx, &found, client.InNamespace("shared")))
			if len(found.Items) != 0 {
				t.Fatalf("%d objects of another test", len(found.Items))
			}
			must(t, cluster.Create(ctx, namespace("shared")))
			for count := range 50 {
				must(t, cluster.Create(ctx, configMap("shared", fmt.Sprintf("c%d", count))))
			}
			must(t, cluster.Create(ctx, widget("same-name")))
		})
	}
}

func TestWatchGoesOnOverAReset(t *testing.T) {
	isolate(t)
	ctx := context.Background()
	watcher, err := cluster.Watch(ctx, &corev1.ConfigMapList{}, client.InNamespace("default"))
	must(t, err)
	defer watcher.Stop()
	must(t, cluster.Create(ctx, configMap("default", "passing")))
	if found := next(t, watcher, "passing"); found != watch.Added {
		t.Fatal(found)
	}
	reset(t)
	if found := next(t, watcher, "passing"); found != watch.Deleted {
		t.Fatal(found)
	}
	must(t, cluster.Create(ctx, configMap("default", "passing")))
	if found := next(t, watcher, "passing"); found != watch.Added {
		t.Fatal(found)
	}
}
