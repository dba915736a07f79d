"""Schedules: what starts a job by the clock."""

import time

from azure.ai.ml import Input, command, dsl
from azure.ai.ml.constants import TimeZone
from azure.ai.ml.entities import CronTrigger, JobSchedule, RecurrencePattern, RecurrenceTrigger
from azure.core.exceptions import ResourceNotFoundError
from world import client, ended, environment, flow, raises, unique


def pipeline():
    step = command(
        name="scheduled",
        command="echo ${{inputs.text}}",
        environment=environment(),
        inputs={"text": Input(type="string")},
    ).component

    @dsl.pipeline(display_name="scheduled pipeline")
    def scheduled(text: str = "said"):
        said = step(text=text)

    built = scheduled()
    built.settings.default_compute = "cpu-cluster"
    return built


def make(trigger=None, **more):
    name = unique("schedule")
    trigger = trigger or CronTrigger(expression="15 10 * * 1", time_zone=TimeZone.PACIFIC_STANDARD_TIME)
    made = client().schedules.begin_create_or_update(
        JobSchedule(name=name, trigger=trigger, create_job=pipeline(), **more)
    ).result()
    assert made.name == name and made.provisioning_state == "Succeeded"
    return made


def remove(name):
    client().schedules.begin_disable(name).result()
    client().schedules.begin_delete(name).wait()


@flow("create by cron, get, disable, enable, delete")
def cron():
    made = make(display_name="weekly", tags={"a": "b"})
    assert made.is_enabled and made.trigger.expression == "15 10 * * 1"
    got = client().schedules.get(made.name)
    assert (got.display_name, got.tags) == ("weekly", {"a": "b"})
    assert got.create_job.type == "pipeline" and set(got.create_job.jobs) == {"said"}
    assert client().schedules.begin_disable(made.name).result().is_enabled is False
    assert client().schedules.begin_enable(made.name).result().is_enabled is True
    remove(made.name)
    raises(ResourceNotFoundError, lambda: client().schedules.get(made.name), "not found")


@flow("create by recurrence; the pattern comes back as sent")
def recurrence():
    made = make(
        RecurrenceTrigger(
            frequency="week",
            interval=1,
            schedule=RecurrencePattern(hours=10, minutes=[0, 1], week_days=["monday", "friday"]),
            start_time="2022-03-10T10:15:00",
        )
    )
    got = client().schedules.get(made.name).trigger
    assert got.frequency == "week" and got.interval == 1
    assert got.schedule.week_days == ["monday", "friday"] and got.schedule.minutes == [0, 1]
    remove(made.name)


@flow("list the enabled ones, the disabled ones, all")
def listed():
    on, off = make().name, make().name
    client().schedules.begin_disable(off).result()
    names = lambda **more: {one.name for one in client().schedules.list(**more)}
    assert on in names() and off not in names()
    assert off in names(list_view_type="DisabledOnly")
    assert {on, off} <= names(list_view_type="All")
    remove(on)
    remove(off)


@flow("an enabled schedule is not deleted")
def enabled():
    made = make()
    raises(Exception, lambda: client().schedules.begin_delete(made.name).wait(), "disable")
    remove(made.name)


@flow("trigger a schedule once; its job runs")
def trigger():
    made = make()
    result = client().schedules.trigger(made.name)
    assert ended(result.job_name).status == "Completed"
    assert client().jobs.get(result.job_name).display_name == "scheduled pipeline"
    remove(made.name)


@flow("a schedule of every minute starts its job when the minute comes")
def due():
    made = make(CronTrigger(expression="* * * * *", time_zone=TimeZone.UTC))
    until = time.monotonic() + 75
    found = []
    while not found and time.monotonic() < until:
        found = [job for job in client().jobs.list() if job.properties.get("azureml.scheduleName") == made.name]
        time.sleep(1)
    assert found
    assert ended(found[0].name).status == "Completed"
    remove(made.name)


@flow("a schedule that does not exist is ResourceNotFoundError; a cron that is none is refused")
def refused():
    raises(ResourceNotFoundError, lambda: client().schedules.get(unique("nothing")))
    raises(Exception, lambda: make(CronTrigger(expression="every monday", time_zone=TimeZone.UTC)), "cron")
