"""Drives a Marathon through marathon-python. Prints one line per step; an exception is a failure.

Its models refuse fields that they do not know, so every answer that is parsed here is checked whole.
"""
import collections
import collections.abc
import json
import sys
import threading
import time

# The client is older than Python 3.10, which took this name away.
collections.Iterable = collections.abc.Iterable

from marathon import MarathonClient
from marathon.exceptions import ConflictError, MarathonHttpError, NotFoundError
from marathon.models import MarathonApp, MarathonGroup, MarathonHealthCheck
from marathon.models.events import EventFactory

SERVE = 'exec python3 -m http.server $PORT0'
client = MarathonClient(sys.argv[1])
events = []


def say(step, **facts):
    print(json.dumps({'step': step, **facts}), flush=True)


def until(what, probe, seconds=30):
    deadline = time.time() + seconds
    while time.time() < deadline:
        value = probe()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError('waited in vain for ' + what)


def settled(app_id):
    def probe():
        app = client.get_app(app_id)
        return app if not app.deployments else None
    return until(app_id + ' to settle', probe)


def listen():
    factory = EventFactory()
    for line in client._do_sse_request('/v2/events'):
        if line.startswith(b'data:'):
            events.append(factory.process(json.loads(line[len('data:'):])))


def raises(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError('no ' + kind.__name__)


threading.Thread(target=listen, daemon=True).start()
until('the event stream', lambda: events)

say('ping', answer=client.ping().decode(), leader=client.get_leader()['leader'])
info = client.get_info()
say('info', name=info.name, framework=info.framework_id, elected=info.elected, port=info.http_config.http_port)

check = MarathonHealthCheck(protocol='HTTP', path='/', port_index=0, interval_seconds=1, grace_period_seconds=20)
web = MarathonApp(cmd=SERVE, cpus=0.1, mem=64, instances=1, ports=[0], health_checks=[check],
                  labels={'team': 'blue'}, env={'A': 'b'}, constraints=[['hostname', 'UNIQUE']],
                  uris=[], backoff_seconds=1, upgrade_strategy={'minimumHealthCapacity': 0})
created = client.create_app('py/web', web)
say('create', id=created.id, deployments=len(created.deployments))
raises(ConflictError, lambda: client.create_app('py/web', MarathonApp(cmd='x')))
app = settled('py/web')
say('running', healthy=app.tasks_healthy, tasks=len(app.tasks), labels=app.labels)
alive = client.list_tasks('py/web')[0].health_check_results[0].alive
say('task', alive=alive, endpoints=len(client.list_endpoints()))

for kwargs in ({'embed_tasks': True}, {'embed_counts': True}, {'embed_deployments': True}, {'embed_failures': True},
               {'embed_readiness': True}, {'embed_last_task_failure': True}, {'embed_task_stats': True}):
    listed = client.list_apps(app_id='py', **kwargs)
    assert [one.id for one in listed] == ['/py/web'], listed
say('filters', cmd=len(client.list_apps(cmd='http.server')), label=len(client.list_apps(label='team==blue')),
    none=len(client.list_apps(label='team==red')))

client.scale_app('py/web', instances=3, force=True)
app = settled('py/web')
say('scaled', healthy=app.tasks_healthy)
before = app.version
killed = client.kill_task('py/web', app.tasks[0].id, scale=True)
say('killed with scale', deployment=bool(killed.get('deploymentId')), instances=settled('py/web').instances)
victim = client.list_tasks('py/web')[0]
say('killed', id=client.kill_task('py/web', victim.id).id == victim.id)
until('a replacement', lambda: settled('py/web').tasks_healthy == 2)
say('killed several', count=len(client.kill_tasks('py/web')))
until('replacements', lambda: settled('py/web').tasks_healthy == 2)
say('killed given', ok=client.kill_given_tasks([task.id for task in client.list_tasks('py/web')][:1], scale=True))
settled('py/web')

client.update_app('py/web', MarathonApp(env={'A': 'c'}))
say('updated', env=settled('py/web').env)
versions = client.list_versions('py/web')
say('versions', count=len(versions) >= 3, old=client.get_version('py/web', before).env)
client.rollback_app('py/web', before, force=True)
say('rolled back', env=settled('py/web').env)
client.restart_app('py/web')
settled('py/web')

client.create_app('py/stuck', MarathonApp(cmd='exec sleep 600', cpus=0.1, mem=16, health_checks=[check]))
deployments = client.list_deployments()
say('deployment', apps=deployments[0].affected_apps, steps=[[a.action for a in s.actions] for s in deployments[0].steps],
    current=[a.action for a in deployments[0].current_actions], at=deployments[0].current_step,
    total=deployments[0].total_steps)
locked = raises(ConflictError, lambda: client.scale_app('py/stuck', instances=2))
say('locked', message=locked.error_message)
client.delete_deployment(deployments[0].id, force=True)
client.delete_app('py/stuck')
raises(NotFoundError, lambda: client.get_app('py/stuck'))

client.create_app('py/bad', MarathonApp(cmd='exit 7', cpus=0.1, mem=16, backoff_seconds=30))
queue = until('a queue', client.list_queue)
say('queue', app=queue[0].app.id, count=queue[0].count, waits=queue[0].delay.time_left_seconds > 20,
    overdue=queue[0].delay.overdue)
failure = client.get_app('py/bad').last_task_failure
say('failure', message=failure.message, state=failure.state)
client.reset_delay('py/bad')
until('another failure', lambda: client.get_app('py/bad').last_task_failure.task_id != failure.task_id)
client.delete_app('py/bad', force=True)
invalid = raises(MarathonHttpError, lambda: client.create_app('py/invalid', MarathonApp(cpus=0.1)))
say('invalid', status=invalid.status_code, message=invalid.error_message, details=bool(invalid.error_details))

group = MarathonGroup(id='/pygroup', apps=[MarathonApp(id='one', cmd='exec sleep 600', cpus=0.1, mem=16)])
client.create_group(group)
settled('pygroup/one')
client.scale_group('pygroup', 2)
say('group', instances=settled('pygroup/one').instances, listed=[one.id for one in client.list_groups()])
client.update_group('pygroup', MarathonGroup(apps=[MarathonApp(id='two', cmd='exec sleep 600', cpus=0.1, mem=16)]), force=True)
settled('pygroup/two')
say('group updated', apps=[one.id for one in client.get_group('pygroup').apps])
client.delete_group('pygroup', force=True)
client.delete_app('py/web')
until('everything to be gone', lambda: not client.list_deployments())
say('gone', apps=len(client.list_apps()))
say('abdicated', message=client.delete_leader()['message'])
until('the last event', lambda: any(type(one).__name__ == 'MarathonAppTerminatedEvent' for one in events))
say('events', kinds=sorted({type(one).__name__ for one in events}))
