// Maps conda packages to pip names: most have the same, some another, and some are no Python packages.

/** conda's name to PyPI's, where a package is the same and its name is not. */
const renamed: Readonly<Record<string, string>> = {
  "dask-core": "dask",
  "matplotlib-base": "matplotlib",
  "msgpack-python": "msgpack",
  opencv: "opencv-python",
  "py-opencv": "opencv-python",
  "py-xgboost": "xgboost",
  "py-xgboost-cpu": "xgboost",
  "py-xgboost-gpu": "xgboost",
  "pyarrow-core": "pyarrow",
  pytables: "tables",
  "python-graphviz": "graphviz",
  pytorch: "torch",
  "pytorch-cpu": "torch",
  "pytorch-gpu": "torch",
  ruamel_yaml: "ruamel.yaml",
  "seaborn-base": "seaborn",
  "tensorflow-base": "tensorflow",
};

/**
 * Compilers, drivers, libraries and programs of conda's channels. Several of these names belong to something else on PyPI,
 * so asking pip for them would bring what nobody asked for.
 */
const programs = new Set(
  (
    "arrow-cpp bash blas boost bzip2 ca-certificates conda coreutils cuda cudatoolkit cudnn curl eigen ffmpeg freetype " +
    "gcc gdal geos gfortran git git-lfs go graphviz gxx hdf5 icu java-jdk jq lapack llvm-openmp make mamba mpich nano " +
    "nccl ncurses nodejs nomkl openblas openjdk openmpi openssl p7zip perl poppler proj pytorch-cuda pytorch-mutex r " +
    "readline ruby rust sqlite swig tar tesseract tini tk unixodbc unzip vim wget xz yarn zip zlib zstd"
  ).split(" "),
);

/** Families of the same: R's packages, headers, compilers of a platform, conda's own mutexes. */
const families = /^(_.+|r-.+|cuda-.+|libcu.+|.+-devel|.+_(linux|osx|win)-.+|.+-cpp|perl-.+)$/;

/** Libraries are called lib…, and so are a few Python packages. */
const library = /^lib(?!rosa$|cst$|sass$|clang$|tmux$)/;

/** PyPI's name of a conda package; undefined for what no pip can install. @param name as the conda file writes it */
export function pipName(name: string): string | undefined {
  const lower = name.toLowerCase();
  if (Object.hasOwn(renamed, lower)) return renamed[lower];
  return programs.has(lower) || families.test(lower) || library.test(lower) ? undefined : name;
}
