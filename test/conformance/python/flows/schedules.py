"""Schedules: what starts a job by the clock."""

import time

from azure.ai.ml import Input, command, dsl
from azure.ai.ml.constants import TimeZone
from azure.ai.ml.data_transfer import Database
from azure.ai.ml.entities import (
    AlertNotification,
    CronTrigger,
    Data,
    DataDriftMetricThreshold,
    DataDriftSignal,
    DataImport,
    ImportDataSchedule,
    JobSchedule,
    MonitorDefinition,
    MonitoringTarget,
    MonitorSchedule,
    NumericalDriftMetrics,
    ProductionData,
    RecurrencePattern,
    RecurrenceTrigger,
    ReferenceData,
    ServerlessSparkCompute,
)
from azure.core.exceptions import ResourceNotFoundError
from world import client, ended, environment, flow, folder, raises, unique


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


@flow("create by recurrence; the pattern comes back in the service's letters")
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
    assert got.frequency.lower() == "week" and got.interval == 1
    assert got.schedule.week_days == ["Monday", "Friday"] and got.schedule.minutes == [0, 1]
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
    raises(Exception, lambda: client().schedules.begin_delete(made.name).wait(), "active trigger")
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
    until = time.monotonic() + 300
    found = []
    while not found and time.monotonic() < until:
        found = [job for job in client().jobs.list() if job.properties.get("azureml.scheduleName") == made.name]
        time.sleep(1)
    assert found
    assert ended(found[0].name).status == "Completed"
    remove(made.name)


def watch(name, data):
    """A monitor of the drift between two tables."""
    reference = ReferenceData(
        input_data=Input(path=data, type="mltable"), data_context="training"
    )
    return MonitorSchedule(
        name=name,
        trigger=RecurrenceTrigger(frequency="day", interval=1, schedule=RecurrencePattern(hours=3, minutes=15)),
        create_monitor=MonitorDefinition(
            compute=ServerlessSparkCompute(instance_type="standard_e4s_v3", runtime_version="3.4"),
            monitoring_target=MonitoringTarget(ml_task="classification"),
            monitoring_signals={
                "drift": DataDriftSignal(
                    production_data=ProductionData(
                        input_data=Input(path=data, type="mltable"), data_context="test"
                    ),
                    reference_data=reference,
                    features=["x"],
                    metric_thresholds=DataDriftMetricThreshold(
                        numerical=NumericalDriftMetrics(jensen_shannon_distance=0.01)
                    ),
                )
            },
            alert_notification=AlertNotification(emails=["ada@example.com"]),
        ),
    )


@flow("a monitor is created, comes back as sent, and its run says that its window holds no rows")
def monitor():
    table = client().data.create_or_update(
        Data(
            name=unique("watched"),
            version="1",
            type="mltable",
            path=str(
                folder(
                    {
                        "MLTable": "paths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited: {delimiter: ','}\n",
                        "rows.csv": "x,y\n1,0\n",
                    }
                )
            ),
        )
    )
    name = unique("monitor")
    made = client().schedules.begin_create_or_update(watch(name, f"azureml:{table.name}:1")).result()
    assert made.provisioning_state == "Succeeded"
    got = client().schedules.get(name)
    assert got.create_monitor.monitoring_target.ml_task == "classification"
    signal = got.create_monitor.monitoring_signals["drift"]
    assert (signal.type, signal.features) == ("data_drift", ["x"])
    assert got.create_monitor.alert_notification.emails == ["ada@example.com"]
    result = client().schedules.trigger(name)
    done = ended(result.job_name)
    # Rows of production count by the hour of their folder, and a plain table has none.
    assert done.status == "Failed", done
    assert done.tags["azureml.modelmonitor.error"] == "DataNotFoundError", done.tags
    remove(name)


@flow("a data import is scheduled")
def data_import():
    name = unique("import")
    made = client().schedules.begin_create_or_update(
        ImportDataSchedule(
            name=name,
            trigger=CronTrigger(expression="0 4 * * *", time_zone=TimeZone.UTC),
            import_data=DataImport(
                name=unique("imported"),
                path="azureml://datastores/workspaceblobstore/paths/imported/${{name}}",
                source=Database(query="select 1", connection="azureml:elsewhere"),
            ),
        )
    ).result()
    assert made.provisioning_state == "Succeeded"
    assert client().schedules.get(name).import_data.source.query == "select 1"
    remove(name)


@flow("a schedule that does not exist is ResourceNotFoundError; a cron that is none is refused")
def refused():
    raises(ResourceNotFoundError, lambda: client().schedules.get(unique("nothing")))
    raises(Exception, lambda: make(CronTrigger(expression="every monday", time_zone=TimeZone.UTC)), "cron")
