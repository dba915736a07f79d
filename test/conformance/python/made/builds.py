"""With a cloud that makes environments: one of a Dockerfile, and one that cannot be made."""

from azure.ai.ml import command
from azure.ai.ml.entities import BuildContext, Environment
from azure.ai.ml.exceptions import JobException
from world import client, folder, raises


def submit(command_line, environment):
    return client().jobs.create_or_update(
        command(command=command_line, compute="cpu-cluster", environment=environment)
    )


def dockerfile():
    context = folder(
        {
            "Dockerfile": "FROM python:3.11\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n",
            "requirements.txt": "six==1.16.0\n",
        }
    )
    job = submit(
        "python -c 'import six; assert six.__version__ == \"1.16.0\", six'",
        Environment(build=BuildContext(path=str(context))),
    )
    client().jobs.stream(job.name)


def nobodys_package():
    conda = folder({"conda.yml": "dependencies: [python=3.11, {pip: [no-such-package-of-anybody==1.0]}]"}) / "conda.yml"
    job = submit("true", Environment(image="mcr.microsoft.com/x", conda_file=str(conda)))
    raises(JobException, lambda: client().jobs.stream(job.name), "Image build failed", "no-such-package-of-anybody")
    client().jobs.download(job.name, download_path=str(conda.parent))
    log = next(conda.parent.rglob("20_image_build_log.txt")).read_text()
    assert "No matching distribution found for no-such-package-of-anybody" in log, log


if __name__ == "__main__":
    dockerfile()
    nobodys_package()
