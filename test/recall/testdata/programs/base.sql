CREATE TABLE t (x INTEGER PRIMARY KEY, y TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, hex(randomblob(64)) FROM n;
CREATE INDEX byy ON t (y);
PRAGMA journal_mode = WAL;
DELETE FROM t WHERE x % 2;
PRAGMA wal_checkpoint(TRUNCATE);
.backup copy
VACUUM;
ATTACH 'other' AS o;
CREATE TABLE o.u AS SELECT * FROM t;
.output dumped
.dump
