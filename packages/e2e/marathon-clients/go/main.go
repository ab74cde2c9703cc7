// Drives a Marathon through go-marathon. Prints one JSON line per step; anything unexpected ends it with status 1.
// Its models are typed, so every answer that is parsed here is checked for the types of its fields.
package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	marathon "github.com/gambol99/go-marathon"
)

type facts map[string]interface{}

func say(step string, more facts) {
	line, _ := json.Marshal(struct {
		Step  string `json:"step"`
		Facts facts  `json:"facts"`
	}{step, more})
	fmt.Println(string(line))
}

func must(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func that(what string, ok bool) {
	if !ok {
		must(what, fmt.Errorf("is not so"))
	}
}

func main() {
	config := marathon.NewDefaultConfig()
	config.URL = os.Args[1]
	config.EventsTransport = marathon.EventsTransportSSE
	config.PollingWaitTime = 50 * time.Millisecond
	client, err := marathon.NewClient(config)
	must("client", err)

	events, err := client.AddEventsListener(marathon.EventIDApplications | marathon.EventIDDeploymentInfo |
		marathon.EventIDDeploymentSuccess | marathon.EventIDDeploymentStepSuccess | marathon.EventIDAPIRequest |
		marathon.EventIDGroupChangeSuccess)
	must("events", err)
	seen := make(chan map[string]int, 1)
	go func() {
		counts := map[string]int{}
		for event := range events {
			counts[event.Name]++
			if terminated, ok := event.Event.(*marathon.EventAppTerminated); ok && terminated.AppID == "/go/web" {
				seen <- counts
				return
			}
		}
	}()

	ok, err := client.Ping()
	must("ping", err)
	info, err := client.Info()
	must("info", err)
	leader, err := client.Leader()
	must("leader", err)
	say("info", facts{"ping": ok, "name": info.Name, "port": info.HTTPConfig.HTTPPort, "leader": leader == info.Leader,
		"framework": strings.HasSuffix(info.FrameworkID, "-0000"), "ports": info.MarathonConfig.LocalPortMin})

	app := marathon.NewDockerApplication()
	app.Container = nil
	app.Name("/go/web").Command("exec python3 -m http.server $PORT0").CPU(0.1).Memory(64).Count(1)
	app.AddEnv("A", "b").AddLabel("team", "blue")
	app.AddPortDefinition(marathon.PortDefinition{Name: "http"}.SetPort(0))
	app.AddHealthCheck(marathon.NewDefaultHealthCheck().SetPath("/").SetPortIndex(0))
	created, err := client.CreateApplication(app)
	must("create", err)
	that("a deployment", len(created.DeploymentIDs()) == 1)
	must("wait", client.WaitOnApplication("/go/web", 30*time.Second))
	running, err := client.Application("/go/web")
	must("get", err)
	say("running", facts{"tasks": len(running.Tasks), "running": running.TasksRunning, "ports": len(*running.PortDefinitions),
		"env": (*running.Env)["A"], "factor": *running.BackoffFactor, "scaled": running.VersionInfo.LastScalingAt != ""})
	_, err = client.CreateApplication(app)
	conflict, _ := err.(*marathon.APIError)
	that("a conflict", conflict != nil && conflict.ErrCode == marathon.ErrCodeDuplicateID)
	healthy, err := client.ApplicationOK("/go/web")
	must("ok", err)
	say("health", facts{"ok": healthy})

	scaled, err := client.ScaleApplicationInstances("/go/web", 3, true)
	must("scale", err)
	must("deployment", client.WaitOnDeployment(scaled.DeploymentID, 60*time.Second))
	tasks, err := client.Tasks("/go/web")
	must("tasks", err)
	all, err := client.AllTasks(&marathon.AllTasksOpts{Status: "running"})
	must("all tasks", err)
	say("scaled", facts{"tasks": len(tasks.Tasks), "all": len(all.Tasks), "alive": tasks.Tasks[0].HealthCheckResults[0].Alive,
		"service": len(all.Tasks[0].ServicePorts), "address": tasks.Tasks[0].IPAddresses[0].Protocol})

	// KillTask takes the app for a part of the task's id, which it has not been since Marathon 1.9.
	must("kill", client.KillTasks([]string{tasks.Tasks[0].ID}, &marathon.KillTaskOpts{Scale: false, Force: true}))
	must("kill with scale", client.KillTasks([]string{tasks.Tasks[1].ID}, &marathon.KillTaskOpts{Scale: true, Force: true}))
	killed, err := client.KillApplicationTasks("/go/web", &marathon.KillApplicationTasksOpts{Force: true})
	must("kill all", err)
	say("killed", facts{"some": len(killed.Tasks) > 0})

	versions, err := client.ApplicationVersions("/go/web")
	must("versions", err)
	old, err := client.ApplicationByVersion("/go/web", versions.Versions[len(versions.Versions)-1])
	must("version", err)
	has, err := client.HasApplicationVersion("/go/web", versions.Versions[0])
	must("has version", err)
	say("versions", facts{"instances": *old.Instances, "has": has})
	list, err := client.Applications(url.Values{"embed": {"apps.tasks", "apps.counts", "apps.lastTaskFailure"}})
	must("list", err)
	names, err := client.ListApplications(url.Values{"label": {"team==blue"}})
	must("names", err)
	say("listed", facts{"apps": len(list.Apps), "names": names})

	stuck := marathon.NewDockerApplication()
	stuck.Container = nil
	stuck.Name("/go/stuck").Command("exec sleep 600").CPU(0.1).Memory(16).Count(1)
	stuck.AddHealthCheck(marathon.NewDefaultHealthCheck().SetPath("/"))
	_, err = client.CreateApplication(stuck)
	must("create stuck", err)
	deployments, err := client.Deployments()
	must("deployments", err)
	var steps [][]string
	for _, step := range deployments[len(deployments)-1].Steps {
		var actions []string
		for _, action := range step {
			actions = append(actions, action.Action+" "+action.App)
		}
		steps = append(steps, actions)
	}
	say("deployment", facts{"steps": steps})
	_, err = client.RestartApplication("/go/stuck", false)
	locked, _ := err.(*marathon.APIError)
	that("a lock", locked != nil && locked.ErrCode == marathon.ErrCodeAppLocked)
	_, err = client.DeleteDeployment(deployments[len(deployments)-1].ID, true)
	must("revert", err)
	_, err = client.Application("/go/stuck")
	gone, _ := err.(*marathon.APIError)
	that("gone", gone != nil && gone.ErrCode == marathon.ErrCodeNotFound)

	bad := marathon.NewDockerApplication()
	bad.Container = nil
	bad.Name("/go/bad").Command("exit 7").CPU(0.1).Memory(16).Count(1)
	backoff := 30.0
	bad.BackoffSeconds = &backoff
	_, err = client.CreateApplication(bad)
	must("create bad", err)
	var queue *marathon.Queue
	for n := 0; n < 200 && (queue == nil || len(queue.Items) == 0); n++ {
		time.Sleep(50 * time.Millisecond)
		queue, err = client.Queue()
		must("queue", err)
	}
	failed, err := client.Application("/go/bad")
	must("bad", err)
	say("queue", facts{"app": queue.Items[0].Application.ID, "waits": queue.Items[0].Delay.TimeLeftSeconds > 20,
		"overdue": queue.Items[0].Delay.Overdue, "message": failed.LastTaskFailure.Message})
	must("delay", client.DeleteQueueDelay("/go/bad"))
	_, err = client.DeleteApplication("/go/bad", true)
	must("delete bad", err)

	invalid := marathon.NewDockerApplication()
	invalid.Container = nil
	invalid.Name("/go/Invalid").CPU(0.1)
	_, err = client.CreateApplication(invalid)
	wrong, _ := err.(*marathon.APIError)
	that("invalid", wrong != nil && wrong.ErrCode == marathon.ErrCodeInvalidBean)
	say("invalid", facts{"said": strings.Contains(wrong.Error(), "/id")})

	group := marathon.NewApplicationGroup("/gogroup")
	member := marathon.NewDockerApplication()
	member.Container = nil
	member.Name("/gogroup/one").Command("exec sleep 600").CPU(0.1).Memory(16).Count(1)
	group.App(member)
	must("group", client.CreateGroup(group))
	must("wait group", client.WaitOnGroup("/gogroup", 30*time.Second))
	shown, err := client.GroupBy("/gogroup", &marathon.GetGroupOpts{Embed: []string{"group.apps", "group.apps.tasks"}})
	must("show group", err)
	groups, err := client.Groups()
	must("groups", err)
	say("group", facts{"apps": len(shown.Apps), "groups": len(groups.Groups)})
	_, err = client.DeleteGroup("/gogroup", true)
	must("delete group", err)

	_, err = client.DeleteApplication("/go/web", true)
	must("delete", err)
	select {
	case counts := <-seen:
		say("events", facts{"status": counts["status_update_event"] > 0, "info": counts["deployment_info"] > 0,
			"success": counts["deployment_success"] > 0, "steps": counts["deployment_step_success"] > 0,
			"posts": counts["api_post_event"] > 0, "groups": counts["group_change_success"] > 0})
	case <-time.After(20 * time.Second):
		must("events", fmt.Errorf("no app_terminated_event"))
	}
	message, err := client.AbdicateLeader()
	must("abdicate", err)
	say("abdicated", facts{"message": message})
}
