// Parts of environments: pip requirements, the interpreter, and the cache; pip itself is not run here.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { reasonsOf } from "../../../../local/azure/environments/build.ts";
import { CachePlace, contentHash, defaultCache, installedOf } from "../../../../local/azure/environments/cache.ts";
import { readDockerfile } from "../../../../local/azure/environments/dockerfile.ts";
import { type Interpreter, interpreter, interpreterFor } from "../../../../local/azure/environments/interpreter.ts";
import { makeLayer } from "../../../../local/azure/environments/layer.ts";
import { readMatchSpec, SpecFault, satisfies } from "../../../../local/azure/environments/match-spec.ts";
import { modelRequirements } from "../../../../local/azure/environments/mlflow-model.ts";
import { RequirementsError, readConda, withoutSecrets } from "../../../../local/azure/environments/requirements.ts";
import { needs } from "../../../harness/needs.ts";

describe("local Azure: a conda file in pip's words", () => {
  const specs: readonly (readonly [string, string])[] = [
    ["numpy", "numpy"],
    ["scikit-learn=1.5", "scikit-learn ==1.5.*"],
    ["scikit-learn==1.5.2", "scikit-learn ==1.5.2"],
    ["scikit-learn=1.5.*", "scikit-learn ==1.5.*"],
    ["scikit-learn=1.5.2=py311_0", "scikit-learn ==1.5.2"],
    ["scikit-learn 1.5.2 py311_0", "scikit-learn ==1.5.2"],
    ["pandas >= 2.2, < 3", "pandas >=2.2 <3"],
    ["pandas~=2.2.0", "pandas ~=2.2.0"],
    ["pandas!=2.1.*", "pandas !=2.1.*"],
    ["pandas>=2.*", "pandas >=2"],
    ["pandas=*", "pandas"],
    ["scipy=1.0rc1", "scipy ==1.0rc1"],
    ["conda-forge::numpy=2", "numpy ==2.*"],
    ["conda-forge/linux-64::numpy", "numpy"],
    ["https://conda.example/channel::numpy=2", "numpy ==2.*"],
    ["defaults:numpy", "numpy"],
    ["numpy[version='>=1.26,<2',build=*openblas*]", "numpy >=1.26 <2"],
    ["numpy[version=1.26]", "numpy ==1.26"],
  ];
  for (const [written, expected] of specs) {
    it(`reads ${written}`, () => {
      const { name, clauses } = readMatchSpec(written);
      assert.equal([name, ...clauses].join(" "), expected);
    });
  }

  it("refuses what pip has no words for", () => {
    for (const written of ["numpy=1.25|1.26", "numpy[md5=0]", "numpy >=", "numpy=1.*.2", "???"])
      assert.throws(() => readMatchSpec(written), SpecFault, written);
  });

  it("keeps the order, leaves pip out, and takes the pip section as it stands", () => {
    const text = `channels: [conda-forge]
dependencies:
  - python=3.11
  - pip=24
  - pytorch=2.4
  - matplotlib-base
  - librosa
  - pip:
      - mlflow==2.22.5 # a comment
      - --extra-index-url https://packages.example/simple
      - "mine @ git+https://git.example/mine@v1"
      - xgboost[scikit-learn]>=2; python_version >= "3.9"
`;
    assert.deepEqual(readConda(text), {
      python: ["==3.11.*"],
      lines: [
        "torch==2.4.*",
        "matplotlib",
        "librosa",
        "mlflow==2.22.5",
        "--extra-index-url https://packages.example/simple",
        "mine @ git+https://git.example/mine@v1",
        'xgboost[scikit-learn]>=2; python_version >= "3.9"',
      ],
    });
  });

  it("reads the JSON that the service keeps of it, and one without dependencies", () => {
    assert.deepEqual(readConda('{"name": "x", "dependencies": ["numpy=2", {"pip": ["six"]}]}'), {
      python: [],
      lines: ["numpy==2.*", "six"],
    });
    assert.deepEqual(readConda("name: x"), { python: [], lines: [] });
  });

  it("refuses by name, all at once, what no virtual environment can hold", () => {
    const text = `dependencies:
  - cudatoolkit=11.8
  - r-base
  - _libgcc_mutex=0.1
  - libxml2
  - https://me:secret@conda.example/channel::r-base
  - npm: [left-pad]
  - 7
  - pip:
      - -r requirements.txt
      - -e ./mine
      - wheels/mine-1.0-py3-none-any.whl
      - mine.tar.gz
      - ./mine
      - --target /usr/lib
      - --index-url https://user:secret@packages.example/simple/../ x
`;
    assert.throws(
      () => readConda(text),
      (error: RequirementsError) => {
        assert.ok(error instanceof RequirementsError);
        assert.equal(error.faults.length, 14, error.faults.join("\n"));
        for (const name of ["cudatoolkit=11.8", "r-base", "_libgcc_mutex=0.1", "libxml2", "'npm'", "7", "-r requ"])
          assert.ok(error.message.includes(name), name);
        assert.ok(!error.message.includes("secret"), error.message);
        return true;
      },
    );
    assert.throws(() => readConda("- a\n- b"), RequirementsError);
    assert.throws(() => readConda("dependencies: numpy"), RequirementsError);
    assert.throws(() => readConda("a: [b"), RequirementsError);
  });

  it("hides what stands before the @ of a URL", () => {
    assert.equal(withoutSecrets("-i https://me:token@host/simple"), "-i https://***@host/simple");
    assert.equal(withoutSecrets("x @ git+https://t@host/x@v1"), "x @ git+https://***@host/x@v1");
    assert.equal(withoutSecrets("x @ git+https://host/x@v1"), "x @ git+https://host/x@v1");
  });
});

describe("local Azure: what a Dockerfile installs", () => {
  const files: Readonly<Record<string, string>> = {
    "requirements.txt": "numpy==2.2.6 \\\n  # pinned\n-r more/dev.txt\n",
    "more/dev.txt": "six\n",
    "env/conda.yaml": "dependencies: [python=3.10, {pip: [idna]}]",
  };
  const read = (text: string) => readDockerfile(text, async (name) => files[name]);

  it("is what pip is told, on lines, in files and in lists", async () => {
    const text = `FROM docker.io/library/python:3.11-slim AS base
# RUN pip install never
COPY --chown=me . /tmp/
RUN apt-get update && apt-get install -y \\
    gcc \\
 && pip install --no-cache-dir -U pip setuptools \\
 && pip3 install -r /tmp/requirements.txt && rm -rf /tmp/*
RUN python3 -m pip --no-cache-dir install "pandas>=2; python_version > '3'" -i https://packages.example/simple
RUN ["pip", "install", "mine==1.0"]
CMD ["bash"]
`;
    assert.deepEqual(await read(text), {
      python: ["==3.11.*"],
      lines: [
        "setuptools",
        "numpy==2.2.6",
        "six",
        "pandas>=2; python_version > '3'",
        "-i https://packages.example/simple",
        "mine==1.0",
      ],
      left: ["apt-get", "rm"],
    });
  });

  it("is what conda is told, and its file", async () => {
    const text =
      "FROM x\nCOPY env /env\nRUN conda install -y -c conda-forge scikit-learn=1.5 'numpy<2'\nRUN conda env update -n base --file /env/conda.yaml\n";
    assert.deepEqual(await read(text), {
      python: ["==3.10.*"],
      lines: ["scikit-learn==1.5.*", "numpy<2", "idna"],
      left: [],
    });
  });

  it("is nothing where no package is spoken of, and refused where a file is missing or nobody could install it", async () => {
    assert.equal(await read("FROM x\nRUN apt-get install -y gcc\n"), undefined);
    await assert.rejects(
      read("FROM x\nRUN pip install -r other.txt\n"),
      /'other\.txt' of the Dockerfile is not in the build context/,
    );
    await assert.rejects(read("FROM x\nRUN pip install ./mine\n"), /'\.\/mine' names a file/);
    await assert.rejects(read("FROM x\nRUN conda install r-base\n"), /'r-base' is no Python package/);
  });
});

describe("local Azure: what an MLflow model needs", () => {
  const read = (files: Record<string, string>) => modelRequirements(Object.keys(files), async (name) => files[name]);
  const conda = "dependencies: [python=3.11.7, pip<=23, {pip: [mlflow==2.22.5]}]";

  it("is the conda file that it names, wherever the model lies", async () => {
    const model = "flavors:\n  python_function:\n    env: {conda: own.yaml, virtualenv: python_env.yaml}\n";
    const expected = { python: ["==3.11.7.*"], lines: ["mlflow==2.22.5"] };
    assert.deepEqual(await read({ "deep/MLmodel": model, "deep/own.yaml": conda }), expected);
    assert.deepEqual(await read({ MLmodel: "flavors: {}", "conda.yaml": conda }), expected);
    assert.ok(satisfies("3.11.7", expected.python));
  });

  it("is refused where it is not there", async () => {
    await assert.rejects(read({ "conda.yaml": conda }), /has no MLmodel file/);
    await assert.rejects(read({ "a/MLmodel": "" }), /has no 'a\/conda\.yaml'/);
  });
});

describe("local Azure: which Python makes an environment", () => {
  const have = (versions: Record<string, string>) => async (command: string) =>
    versions[command] === undefined ? undefined : { path: `/bin/${command}`, version: versions[command] };

  it("compares releases as numbers", () => {
    const cases: readonly (readonly [string, readonly string[], boolean])[] = [
      ["3.11.7", ["==3.11.*"], true],
      ["3.11.7", ["==3.1.*"], false],
      ["3.11.7", [">=3.9", "<3.12"], true],
      ["3.9.1", [">=3.10"], false],
      ["3.11.0", ["==3.11"], true],
      ["3.12.1", ["~=3.9"], true],
      ["3.12.1", ["!=3.12.*"], false],
      ["3.12.1", ["<=3.12", ">3"], false],
      ["3.12.1", [], true],
    ];
    for (const [release, clauses, expected] of cases)
      assert.equal(satisfies(release, clauses), expected, `${release} ${clauses.join(",")}`);
  });

  it("is python3 where it will do, another where it is there, and python3 all the same where none will do", async () => {
    const look = have({ python3: "3.12.1", "python3.9": "3.9.18" });
    const found = async (...clauses: string[]) => {
      const { path: place, isAsAsked } = (await interpreterFor(clauses, look)) ?? {};
      return [place, isAsAsked];
    };
    assert.deepEqual(await found(), ["/bin/python3", true]);
    assert.deepEqual(await found("==3.12.*"), ["/bin/python3", true]);
    assert.deepEqual(await found("==3.9.*"), ["/bin/python3.9", true]);
    assert.deepEqual(await found(">=3.8", "<3.12"), ["/bin/python3.9", true]);
    assert.deepEqual(await found("==3.8.*"), ["/bin/python3", false]);
    assert.equal(await interpreterFor([], have({})), undefined);
  });
});

describe("local Azure: where environments are kept", () => {
  const python: Interpreter = { path: "/usr/bin/python3.11", version: "3.11.7" };
  const cache = mkdtempSync(path.join(tmpdir(), "environments-"));
  after(() => rmSync(cache, { recursive: true, force: true }));
  const make = (list: string) => async (folder: string) => {
    mkdirSync(path.join(folder, "bin"));
    writeFileSync(path.join(folder, "bin", "python"), "");
    return list;
  };

  it("is told by content: interpreter and lines, nothing else", () => {
    const hash = contentHash(python, ["numpy==2.*"]);
    assert.match(hash, /^[0-9a-f]{16}$/);
    assert.equal(contentHash({ ...python }, ["numpy==2.*"]), hash);
    assert.notEqual(contentHash(python, ["numpy==2.1.*"]), hash);
    assert.notEqual(contentHash({ ...python, version: "3.11.8" }, ["numpy==2.*"]), hash);
    assert.notEqual(contentHash(python, ["numpy", "==2.*"]), contentHash(python, ["numpy==2.*"]));
  });

  it("is in the user's cache", () => {
    assert.equal(defaultCache({ XDG_CACHE_HOME: "/c" }), path.join("/c", "azure-ml-local", "environments"));
    assert.match(defaultCache({}), /\.cache/);
  });

  it("is nothing until one is finished, and nothing again when its Python is gone", async () => {
    const place = new CachePlace(cache, "one");
    assert.equal(await place.find(), undefined);
    const failing = async (folder: string) => {
      await make("")(folder);
      throw new Error("pip failed");
    };
    await assert.rejects(place.fill(failing), /pip failed/);
    assert.equal(existsSync(path.join(cache, "one")), false);
    const made = await place.fill(make("six==1.16.0\nscikit-learn==1.5.2\n"));
    assert.equal(made.installed.get("scikit-learn"), "1.5.2");
    assert.deepEqual(await place.find(), made);
    rmSync(path.join(made.bin, "python"));
    assert.equal(await place.find(), undefined);
    assert.notEqual((await place.fill(make("six==1.17.0"))).folder, made.folder);
  });

  it("is the first one's where two make the same at the same time, and the other leaves nothing", async () => {
    const [one, other] = [new CachePlace(cache, "race"), new CachePlace(cache, "race")];
    let begin = () => {};
    const bothMade = new Promise<void>((resolve) => {
      begin = resolve;
    });
    let count = 0;
    const together = async (folder: string) => {
      const list = await make("six==1.16.0")(folder);
      count += 1;
      if (count === 2) begin();
      await bothMade;
      return list;
    };
    const [first, second] = await Promise.all([one.fill(together), other.fill(together)]);
    assert.equal(first.folder, second.folder);
    assert.equal(readdirSync(path.join(cache, "race")).length, 2, "the environment, and the link to it");
  });

  it("is cleared of what was left half made, once it is old", async () => {
    const folder = path.join(cache, "swept");
    const gone = 2 ** 22 + 1; // above the highest process id of Linux
    for (const attempt of [`${gone}-old`, `${gone}-young`]) mkdirSync(path.join(folder, attempt), { recursive: true });
    utimesSync(path.join(folder, `${gone}-old`), 1, 1);
    await new CachePlace(cache, "swept").fill(make(""));
    assert.ok(!existsSync(path.join(folder, `${gone}-old`)));
    assert.ok(existsSync(path.join(folder, `${gone}-young`)));
  });

  it("reads pip's list", () => {
    assert.deepEqual(
      [...installedOf("a==1\nMine.X==2.0+cu118\n-e git+https://x\n\n")],
      [
        ["a", "1"],
        ["Mine.X", "2.0+cu118"],
      ],
    );
  });

  it("says what pip did not find, without the hundred versions that it did", () => {
    const versions = "ERROR: Could not find a version that satisfies the requirement six==99 (from versions: 1, 2)";
    const missing = "ERROR: No matching distribution found for six==99";
    assert.deepEqual(reasonsOf([versions, missing]), ["pip knows no distribution of 'six==99'"]);
    assert.deepEqual(reasonsOf(["Collecting x", "ERROR: ResolutionImpossible: for help visit https://x."]), [
      "ResolutionImpossible: for help visit https://x",
    ]);
    assert.deepEqual(reasonsOf(["Collecting x"]), []);
  });

  it("gives each job a layer of its own, which sees what is shared and keeps what is its own", async function () {
    const own = await interpreter("python3");
    needs(this, own !== undefined, "Python 3.9 or newer as python3");
    const packages = path.join("lib", `python${own.version.split(".").slice(0, 2).join(".")}`, "site-packages");
    const shared = path.join(cache, "shared");
    mkdirSync(path.join(shared, packages, "deep"), { recursive: true });
    writeFileSync(path.join(shared, packages, "shared_one.py"), "name = 'shared'\n");
    writeFileSync(path.join(shared, packages, "deep", "deep_one.py"), "");
    writeFileSync(path.join(shared, packages, "deep.pth"), "deep\n");
    const environment = { folder: shared, bin: path.join(shared, "bin"), installed: new Map() };
    const folder = path.join(cache, "a 'layer'");
    const layer = await makeLayer(folder, environment, own);
    const code =
      "import sys, sysconfig, shared_one, deep_one; print(sys.prefix); print(sysconfig.get_path('purelib')); print(shared_one.name)";
    const said = execFileSync(layer.python, ["-c", code], { encoding: "utf8" }).trim().split("\n");
    assert.deepEqual(said, [folder, path.join(folder, packages), "shared"]);
    assert.deepEqual(layer.path, [path.join(folder, "bin"), environment.bin]);
  });
});
