application_id 1414417969
user_version 1

CREATE TABLE attempt(
  task_id INTEGER NOT NULL REFERENCES task(id),
  epoch INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  role INTEGER NOT NULL,
  worker TEXT NOT NULL,
  outcome INTEGER NOT NULL,
  detail TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  PRIMARY KEY(task_id, epoch, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE best(
  workload_id INTEGER NOT NULL REFERENCES workload(id),
  target_id INTEGER NOT NULL REFERENCES target(id),
  devclass_id INTEGER NOT NULL REFERENCES devclass(id),
  threads INTEGER NOT NULL,
  measurement_id INTEGER NOT NULL REFERENCES measurement(id),
  updated_ms INTEGER NOT NULL,
  PRIMARY KEY(workload_id, target_id, devclass_id, threads)
) STRICT, WITHOUT ROWID;

CREATE TABLE devclass(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32),
  label TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;

CREATE TABLE device(
  id INTEGER PRIMARY KEY,
  serial TEXT NOT NULL UNIQUE,
  devclass_id INTEGER NOT NULL REFERENCES devclass(id),
  labels TEXT NOT NULL
) STRICT;

CREATE TABLE env(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32),
  text TEXT NOT NULL
) STRICT;

CREATE TABLE job(
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE CHECK(length(key) = 32),
  label TEXT NOT NULL,
  owner TEXT NOT NULL,
  manifest TEXT NOT NULL,
  selector TEXT NOT NULL,
  priority INTEGER NOT NULL CHECK(priority BETWEEN -100 AND 100),
  state INTEGER NOT NULL,
  max_trials INTEGER NOT NULL CHECK(max_trials >= 0),
  used_trials INTEGER NOT NULL DEFAULT 0,
  next_rseq INTEGER NOT NULL DEFAULT 1,
  created_ms INTEGER NOT NULL,
  closed_ms INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE measurement(
  id INTEGER PRIMARY KEY,
  identity BLOB NOT NULL CHECK(length(identity) = 16),
  task_id INTEGER REFERENCES task(id),
  epoch INTEGER,
  attempt INTEGER,
  job_id INTEGER REFERENCES job(id),
  rseq INTEGER,
  role INTEGER NOT NULL,
  workload_id INTEGER NOT NULL REFERENCES workload(id),
  target_id INTEGER NOT NULL REFERENCES target(id),
  trace_id INTEGER NOT NULL REFERENCES trace(id),
  threads INTEGER NOT NULL CHECK(threads > 0),
  devclass_id INTEGER REFERENCES devclass(id),
  device_id INTEGER REFERENCES device(id),
  mproto_id INTEGER NOT NULL REFERENCES mproto(id),
  env_id INTEGER REFERENCES env(id),
  origin_id INTEGER NOT NULL REFERENCES origin(id),
  artifact BLOB CHECK(length(artifact) = 32),
  codegen INTEGER NOT NULL,
  llvm TEXT NOT NULL,
  tenon TEXT NOT NULL,
  outcome INTEGER NOT NULL,
  error TEXT NOT NULL,
  q10_ns INTEGER,
  median_ns INTEGER,
  mad_ns INTEGER,
  canary_ppm INTEGER NOT NULL,
  samples BLOB NOT NULL,
  measured_ms INTEGER NOT NULL,
  CHECK((outcome = 0) = (q10_ns IS NOT NULL)),
  CHECK(outcome <> 0 OR devclass_id IS NOT NULL)
) STRICT;

CREATE TABLE meta(
  k TEXT PRIMARY KEY,
  v TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE mproto(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32),
  version INTEGER NOT NULL,
  text TEXT NOT NULL
) STRICT;

CREATE TABLE origin(
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL CHECK(kind IN (0, 1)),
  digest BLOB UNIQUE CHECK(length(digest) = 32),
  tool TEXT NOT NULL,
  trust INTEGER NOT NULL CHECK(trust BETWEEN 0 AND 2),
  imported_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE target(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32),
  text TEXT NOT NULL
) STRICT;

CREATE TABLE task(
  id INTEGER PRIMARY KEY,
  job_id INTEGER NOT NULL REFERENCES job(id),
  batch_no INTEGER NOT NULL CHECK(batch_no >= 0),
  position INTEGER NOT NULL CHECK(position >= 0),
  workload_id INTEGER NOT NULL REFERENCES workload(id),
  target_id INTEGER NOT NULL REFERENCES target(id),
  trace_id INTEGER NOT NULL REFERENCES trace(id),
  threads INTEGER NOT NULL CHECK(threads > 0),
  mproto_id INTEGER NOT NULL REFERENCES mproto(id),
  state INTEGER NOT NULL DEFAULT 0,
  num_attempts INTEGER NOT NULL DEFAULT 0,
  num_deaths INTEGER NOT NULL DEFAULT 0,
  artifact BLOB CHECK(length(artifact) = 32),
  artifact_bytes INTEGER NOT NULL DEFAULT 0,
  created_ms INTEGER NOT NULL,
  UNIQUE(job_id, batch_no, position)
) STRICT;

CREATE TABLE trace(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32),
  text TEXT NOT NULL
) STRICT;

CREATE TABLE workload(
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE CHECK(length(hash) = 32),
  text TEXT NOT NULL
) STRICT;

CREATE INDEX best_measurement ON best(measurement_id);

CREATE INDEX best_target ON best(target_id, devclass_id, workload_id, threads);

CREATE INDEX job_open ON job(id) WHERE state < 5;

CREATE UNIQUE INDEX meas_event ON measurement(job_id, rseq) WHERE rseq IS NOT NULL;

CREATE INDEX meas_identity ON measurement(identity);

CREATE UNIQUE INDEX meas_once ON measurement(task_id, epoch, attempt) WHERE task_id IS NOT NULL;

CREATE INDEX meas_origin ON measurement(origin_id) WHERE origin_id > 1;

CREATE INDEX meas_rank ON measurement(workload_id, role, outcome, target_id, devclass_id, threads,
                                      q10_ns, trace_id);

CREATE INDEX task_open ON task(job_id, id) WHERE state < 5;
