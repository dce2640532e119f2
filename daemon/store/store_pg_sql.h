/* store_pg_sql.h - the statements of the PostgreSQL back end, private to it.
 *
 * Rows of a batch come as arrays, a column each, so that one statement writes
 * all of a table.  Where the same row may come twice in a batch the last one
 * counts (DISTINCT ON .. ORDER BY .. ord DESC); rows that brokers share are
 * taken in order of their key, so that two brokers never wait for each other.
 * `1 / count(*)` is how a statement that must find its rows stops the
 * transaction when it does not.
 */
#ifndef DK_STORE_PG_SQL_H
#define DK_STORE_PG_SQL_H

#define PG_EVENT_COLUMNS   "seq, key, n, type, at, claimed, actor, hash, body"
#define PG_REQUEST_COLUMNS "id, hash, key, n, state, at, submitted_at"
#define PG_OFFICE_COLUMNS                                                      \
    "id, kind, subject, level, value, threshold, about, told, raised_at, "     \
    "told_at, cleared_at, acked_at, acked_by, note"
#define PG_CKPT_COLUMNS "number, from_seq, to_seq, text, sig, blocks"
#define PG_TASK_INFO    "id, service, key, n, attempts, dead, failed_at, reason"
#define PG_CASE_IN                                                             \
    "unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], "          \
    "$5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], "         \
    "$10::text[], $11::bytea[], $12::text[]) AS n (key, state, overdue, "      \
    "urgent, due, grp, unit, handler, region, category, hash, doc)"

/* X(NAME, SQL): prepared when a connection first uses it. */
#define PG_STATEMENTS(X)                                                       \
    X(BEGIN, "BEGIN")                                                          \
    X(COMMIT, "COMMIT")                                                        \
    X(ROLLBACK, "ROLLBACK")                                                    \
    X(FENCE, "WITH u AS (UPDATE broker SET commits = commits + 1, "            \
             "last_seq = $4, last_at = $5, cases = $6, tally = $7, "           \
             "tasks_open = tasks_open + $8, alerts_open = alerts_open + $9, "  \
             "seen = clock_timestamp() "                                       \
             "WHERE no = $1 AND epoch = $2 AND commits = $3 RETURNING 1) "     \
             "SELECT 1 / count(*) FROM u")                                     \
    X(TAKE, "UPDATE broker SET seen = clock_timestamp() "                      \
            "WHERE no = $1 AND epoch = $2 "                                    \
            "RETURNING commits, last_seq, last_at, cases, tally")              \
    X(REQUEST_PUT, "INSERT INTO request (" PG_REQUEST_COLUMNS ") "             \
                   "SELECT * FROM unnest($1::bytea[], $2::bytea[], "           \
                   "$3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], "  \
                   "$7::bigint[])")                                            \
    X(EVENT_PUT, "INSERT INTO event (" PG_EVENT_COLUMNS ", broker) "           \
                 "SELECT n.*, $10::bigint FROM unnest($1::bigint[], "          \
                 "$2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], "    \
                 "$6::bigint[], $7::text[], $8::bytea[], $9::text[]) AS n")    \
    X(CASE_NEW, "INSERT INTO case_file (key, state, overdue, urgent, due, "    \
                "grp, unit, handler, region, category, hash, doc) "            \
                "SELECT * FROM " PG_CASE_IN)                                   \
    X(CASE_PUT, "WITH u AS (UPDATE case_file c SET state = n.state, "          \
                "overdue = n.overdue, urgent = n.urgent, due = n.due, "        \
                "grp = n.grp, unit = n.unit, handler = n.handler, "            \
                "region = n.region, category = n.category, hash = n.hash, "    \
                "doc = n.doc FROM " PG_CASE_IN " WHERE c.key = n.key "         \
                "RETURNING 1) SELECT 1 / (count(*) "                           \
                "/ cardinality($1::bigint[])) FROM u")                         \
    X(CLOCK_UNIT, "UPDATE clock k SET unit = n.unit "                          \
                  "FROM unnest($1::bigint[], $2::text[]) AS n (key, unit) "    \
                  "WHERE k.key = n.key AND k.unit <> n.unit")                  \
    X(BESIDE_DEL, "DELETE FROM case_beside b WHERE key = ANY($4::bigint[]) "   \
                  "AND NOT EXISTS (SELECT 1 FROM unnest($1::bigint[], "        \
                  "$2::text[], $3::text[]) AS n (key, unit, handler) "         \
                  "WHERE n.key = b.key AND n.unit = b.unit)")                  \
    X(BESIDE_PUT, "INSERT INTO case_beside AS b (key, unit, handler, open) "   \
                  "SELECT * FROM unnest($1::bigint[], $2::text[], "            \
                  "$3::text[], $4::bigint[]) "                                 \
                  "ON CONFLICT (key, unit) DO UPDATE SET "                     \
                  "handler = excluded.handler, open = excluded.open "          \
                  "WHERE (b.handler, b.open) "                                 \
                  "<> (excluded.handler, excluded.open)")                      \
    X(CLOCK_PUT, "WITH x AS (SELECT DISTINCT ON (key, id) * FROM "             \
                 "unnest($1::bigint[], $2::text[], $3::text[], "               \
                 "$4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], "    \
                 "$8::bigint[]) WITH ORDINALITY AS t (key, id, unit, state, "  \
                 "overdue, due_at, fire_at, live, ord) "                       \
                 "ORDER BY key, id, ord DESC), "                               \
                 "d AS (DELETE FROM clock k USING x WHERE k.key = x.key "      \
                 "AND k.id = x.id AND x.live = 0) "                            \
                 "INSERT INTO clock (key, id, unit, state, overdue, due_at, "  \
                 "fire_at) SELECT key, id, unit, state, overdue, due_at, "     \
                 "fire_at FROM x WHERE live = 1 "                              \
                 "ON CONFLICT (key, id) DO UPDATE SET unit = excluded.unit, "  \
                 "state = excluded.state, overdue = excluded.overdue, "        \
                 "due_at = excluded.due_at, fire_at = excluded.fire_at")       \
    X(TASK_NEW, "INSERT INTO task (id, service, key, n, attempts) "            \
                "SELECT * FROM unnest($1::bigint[], $2::bigint[], "            \
                "$3::bigint[], $4::bigint[], $5::bigint[])")                   \
    X(TASK_END, "WITH d AS (DELETE FROM task WHERE id = ANY($1::bigint[]) "    \
                "RETURNING dead) UPDATE broker SET "                           \
                "tasks_open = tasks_open - "                                   \
                "(SELECT count(*) FROM d WHERE dead = 0), "                    \
                "tasks_dead = tasks_dead - "                                   \
                "(SELECT count(*) FROM d WHERE dead = 1) WHERE no = $2")       \
    X(TASK_FAIL, "WITH x AS (SELECT DISTINCT ON (id) * FROM "                  \
                 "unnest($1::bigint[], $2::bigint[], $3::bigint[], "           \
                 "$4::text[], $5::bigint[]) WITH ORDINALITY "                  \
                 "AS t (id, attempts, at, reason, dead, ord) "                 \
                 "ORDER BY id, ord DESC), "                                    \
                 "u AS (UPDATE task k SET attempts = x.attempts, "             \
                 "failed_at = x.at, reason = x.reason, dead = x.dead "         \
                 "FROM x WHERE k.id = x.id AND k.dead = 0 RETURNING k.dead) "  \
                 "UPDATE broker SET tasks_open = tasks_open - "                \
                 "(SELECT count(*) FROM u WHERE dead = 1), "                   \
                 "tasks_dead = tasks_dead + "                                  \
                 "(SELECT count(*) FROM u WHERE dead = 1) WHERE no = $6")      \
    X(TASK_RETRY, "WITH u AS (UPDATE task SET dead = 0, attempts = 0, "        \
                  "owner = NULL WHERE id = ANY($1::bigint[]) AND dead = 1 "    \
                  "RETURNING 1) UPDATE broker SET "                            \
                  "tasks_open = tasks_open + (SELECT count(*) FROM u), "       \
                  "tasks_dead = tasks_dead - (SELECT count(*) FROM u) "        \
                  "WHERE no = $2")                                             \
    X(ALERT_PUT, "INSERT INTO alert (key, n, raised_at, due_at, level, unit, " \
                 "clock, rung) SELECT * FROM unnest($1::bigint[], "            \
                 "$2::bigint[], $3::bigint[], $4::bigint[], $5::text[], "      \
                 "$6::text[], $7::text[], $8::text[])")                        \
    X(ALERT_ACK, "WITH x AS (SELECT DISTINCT ON (key, n) * FROM "              \
                 "unnest($1::bigint[], $2::bigint[], $3::bigint[], "           \
                 "$4::text[]) WITH ORDINALITY AS t (key, n, at, who, ord) "    \
                 "ORDER BY key, n, ord), "                                     \
                 "u AS (UPDATE alert a SET acked_at = x.at, "                  \
                 "acked_by = x.who FROM x WHERE a.key = x.key "                \
                 "AND a.n = x.n AND a.acked_at IS NULL RETURNING 1) "          \
                 "UPDATE broker SET alerts_open = alerts_open - "              \
                 "(SELECT count(*) FROM u) WHERE no = $5")                     \
    X(PERSON_PUT, "INSERT INTO person (key, seal, data) "                      \
                  "SELECT DISTINCT ON (key) key, seal, data FROM "             \
                  "unnest($1::bigint[], $2::bigint[], $3::bytea[]) "           \
                  "WITH ORDINALITY AS t (key, seal, data, ord) "               \
                  "ORDER BY key, ord DESC ON CONFLICT (key) DO UPDATE SET "    \
                  "seal = excluded.seal, data = excluded.data")                \
    X(PERSON_ERASE, "UPDATE person SET seal = $2, "                            \
                    "data = decode(repeat('00', length(data)), 'hex') "        \
                    "WHERE key = ANY($1::bigint[])")                           \
    X(SECRET_PUT, "UPDATE meta SET sealed = $1, seal = $2, secret = $3")       \
    X(REQUEST_FORGET, "UPDATE request SET hash = $2 "                          \
                      "WHERE id = ANY($1::bytea[])")                           \
    X(LOAD_PUT, "WITH x AS (SELECT DISTINCT ON (unit, handler) * FROM "        \
                "unnest($1::text[], $2::text[], $3::bigint[]) "                \
                "WITH ORDINALITY AS t (unit, handler, open, ord) "             \
                "ORDER BY unit, handler, ord DESC), "                          \
                "d AS (DELETE FROM load l USING x WHERE l.unit = x.unit "      \
                "AND l.handler = x.handler AND x.open = 0) "                   \
                "INSERT INTO load (unit, handler, open) "                      \
                "SELECT unit, handler, open FROM x WHERE open <> 0 "           \
                "ON CONFLICT (unit, handler) DO UPDATE SET "                   \
                "open = excluded.open")                                        \
    X(LOAD_LOCK, "INSERT INTO load AS l (unit, handler, open) "                \
                 "SELECT DISTINCT unit, handler, 0::bigint FROM "              \
                 "unnest($1::text[], $2::text[]) AS t (unit, handler) "        \
                 "ORDER BY unit, handler ON CONFLICT (unit, handler) "         \
                 "DO UPDATE SET open = l.open")                                \
    X(LOAD_COUNT, "UPDATE load l SET open = (SELECT count(*) "                 \
                  "FROM case_file c WHERE c.unit = l.unit "                    \
                  "AND c.handler = l.handler AND c.handler <> '' "             \
                  "AND c.state = ANY($3::bigint[])) "                          \
                  "FROM unnest($1::text[], $2::text[]) AS t (unit, handler) "  \
                  "WHERE l.unit = t.unit AND l.handler = t.handler")           \
    X(DAY_PUT, "INSERT INTO day (day, seq) SELECT DISTINCT ON (day) day, seq " \
               "FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY "      \
               "AS t (day, seq, ord) ORDER BY day, ord DESC "                  \
               "ON CONFLICT (day) DO UPDATE SET seq = excluded.seq")           \
    X(OFFICE_PUT, "INSERT INTO office_alert (" PG_OFFICE_COLUMNS ", broker) "  \
                  "SELECT DISTINCT ON (id) " PG_OFFICE_COLUMNS                 \
                  ", $15::bigint FROM unnest($1::bigint[], $2::bigint[], "     \
                  "$3::text[], $4::bigint[], $5::bigint[], $6::bigint[], "     \
                  "$7::text[], $8::bigint[], $9::bigint[], $10::bigint[], "    \
                  "$11::bigint[], $12::bigint[], $13::text[], $14::text[]) "   \
                  "WITH ORDINALITY AS t (" PG_OFFICE_COLUMNS ", ord) "         \
                  "ORDER BY id, ord DESC "                                     \
                  "ON CONFLICT (broker, id) DO UPDATE SET "                    \
                  "kind = excluded.kind, subject = excluded.subject, "         \
                  "level = excluded.level, value = excluded.value, "           \
                  "threshold = excluded.threshold, about = excluded.about, "   \
                  "told = excluded.told, raised_at = excluded.raised_at, "     \
                  "told_at = excluded.told_at, "                               \
                  "cleared_at = excluded.cleared_at, "                         \
                  "acked_at = excluded.acked_at, "                             \
                  "acked_by = excluded.acked_by, note = excluded.note")        \
    X(TALLY_ADD,                                                               \
      "INSERT INTO tally AS t (measure, day, unit, category, tag, "            \
      "known, broker, n) SELECT measure, day, unit, category, tag, "           \
      "known, $8::bigint, sum(n)::bigint FROM unnest($1::bigint[], "           \
      "$2::bigint[], $3::text[], $4::text[], $5::bigint[], "                   \
      "$6::bigint[], $7::bigint[]) AS x (measure, day, unit, "                 \
      "category, tag, known, n) GROUP BY 1, 2, 3, 4, 5, 6 "                    \
      "ON CONFLICT (measure, day, unit, category, tag, known, "                \
      "broker) DO UPDATE SET n = t.n + excluded.n")                            \
    X(CKPT_PUT, "INSERT INTO checkpoint (" PG_CKPT_COLUMNS ", broker) "        \
                "VALUES ($1, $2, $3, $4, $5, $6, $7)")                         \
    X(NOW_PUT, "UPDATE meta SET test_now = $1")                                \
    X(REQUESTS, "SELECT t.ord, " PG_REQUEST_COLUMNS " FROM request "           \
                "JOIN unnest($1::bytea[]) WITH ORDINALITY AS t (tid, ord) "    \
                "ON t.tid = id")                                               \
    X(CASES, "SELECT key, hash, doc FROM case_file "                           \
             "WHERE key = ANY($1::bigint[])")                                  \
    X(CASES_HELD, "SELECT key, hash, doc FROM case_file "                      \
                  "WHERE key = ANY($1::bigint[]) ORDER BY key FOR UPDATE")     \
    X(EVENTS, "SELECT " PG_EVENT_COLUMNS " FROM event WHERE broker = $3 "      \
              "AND seq >= $1 ORDER BY seq LIMIT $2")                           \
    X(CASE_EVENTS, "SELECT " PG_EVENT_COLUMNS " FROM event "                   \
                   "WHERE key = $1 AND n >= $2 ORDER BY n LIMIT $3")           \
    X(DUE, "SELECT key, fire_at, id FROM clock WHERE fire_at <= $1 "           \
           "ORDER BY fire_at, key, id LIMIT $2")                               \
    X(DUE_HELD, "SELECT k.key, k.fire_at, k.id FROM clock k "                  \
                "JOIN case_file c ON c.key = k.key WHERE k.fire_at <= $1 "     \
                "ORDER BY k.fire_at, k.key, k.id LIMIT $2 "                    \
                "FOR UPDATE OF c SKIP LOCKED")                                 \
    X(NEXT_DUE, "SELECT fire_at FROM clock WHERE fire_at IS NOT NULL "         \
                "ORDER BY fire_at LIMIT 1")                                    \
    X(TASKS, "SELECT t.id, t.key, t.n, t.attempts, c.doc, e.seq, e.key, e.n, " \
             "e.type, e.at, e.claimed, e.actor, e.hash, e.body "               \
             "FROM task t LEFT JOIN case_file c ON c.key = t.key "             \
             "LEFT JOIN event e ON e.key = t.key AND e.n = t.n "               \
             "WHERE t.service = $1 AND t.dead = 0 AND t.id > $2 "              \
             "AND ($4 < 0 OR (t.owner = $4 AND t.owner_epoch = $5)) "          \
             "ORDER BY t.id LIMIT $3")                                         \
    X(CLAIM, "WITH c AS (UPDATE task SET owner = $1, owner_epoch = $2 "        \
             "WHERE id IN (SELECT id FROM task t WHERE service = $3 "          \
             "AND dead = 0 AND NOT EXISTS (SELECT 1 FROM broker b "            \
             "WHERE b.no = t.owner AND b.epoch = t.owner_epoch) "              \
             "ORDER BY id LIMIT $4 FOR UPDATE SKIP LOCKED) RETURNING id) "     \
             "SELECT min(id) FROM c")                                          \
    X(FENCE_OFF, "UPDATE broker SET epoch = epoch + 1 WHERE no IN "            \
                 "(SELECT no FROM broker WHERE no <> $1 AND seen < "           \
                 "clock_timestamp() - interval '15 seconds' AND EXISTS "       \
                 "(SELECT 1 FROM task WHERE owner = broker.no AND "            \
                 "owner_epoch = broker.epoch AND dead = 0) "                   \
                 "FOR UPDATE SKIP LOCKED)")                                    \
    X(TASK_GET, "SELECT " PG_TASK_INFO " FROM task WHERE id = $1")             \
    X(TASK_LIST, "SELECT " PG_TASK_INFO " FROM task WHERE dead = $1 "          \
                 "AND id > $2 ORDER BY id LIMIT $3")                           \
    X(TASK_COUNT, "SELECT count(*) FROM (SELECT 1 FROM task "                  \
                  "WHERE service = $1 AND dead = $2 LIMIT $3) AS t")           \
    X(UNASSIGNED, "SELECT key, (unit = '')::int::bigint FROM case_file "       \
                  "WHERE state = $1 AND key > $2 ORDER BY key LIMIT $3")       \
    X(OFFICE_OPEN, "SELECT " PG_OFFICE_COLUMNS " FROM office_alert "           \
                   "WHERE broker = $3 AND cleared_at IS NULL AND id < $1 "     \
                   "ORDER BY id DESC LIMIT $2")                                \
    X(OFFICE_LIST, "SELECT " PG_OFFICE_COLUMNS " FROM office_alert "           \
                   "WHERE broker = $3 AND id < $1 ORDER BY id DESC LIMIT $2")  \
    X(PERSON_GET, "SELECT key, seal, data FROM person WHERE key = $1")         \
    X(PERSONS, "SELECT key, seal, data FROM person WHERE seal = $1 "           \
               "AND key > $2 ORDER BY key LIMIT $3")                           \
    X(SEAL_NEXT, "SELECT seal FROM person WHERE seal > $1 "                    \
                 "ORDER BY seal LIMIT 1")                                      \
    X(SEAL_COUNT, "SELECT count(*) FROM (SELECT 1 FROM person "                \
                  "WHERE seal = $1 LIMIT $2) AS p")                            \
    X(LOADS, "SELECT unit, handler, open FROM load WHERE open <> 0 "           \
             "ORDER BY unit, handler")                                         \
    X(DAY_GET, "SELECT seq FROM day WHERE day = $1")                           \
    X(DAY_NEW, "INSERT INTO day (day, seq) VALUES ($1, 0) "                    \
               "ON CONFLICT DO NOTHING")                                       \
    X(DAY_HELD, "SELECT seq FROM day WHERE day = $1 FOR UPDATE")               \
    X(DAY_LIST, "SELECT day, seq FROM day WHERE day > $1 AND seq > 0 "         \
                "ORDER BY day LIMIT $2")                                       \
    X(CKPT_LIST, "SELECT " PG_CKPT_COLUMNS " FROM checkpoint "                 \
                 "WHERE broker = $3 AND number > $1 ORDER BY number LIMIT $2") \
    X(CKPT_NEWEST, "SELECT " PG_CKPT_COLUMNS " FROM checkpoint "               \
                   "WHERE broker = $1 ORDER BY number DESC LIMIT 1")           \
    X(CKPT_OF, "SELECT " PG_CKPT_COLUMNS " FROM checkpoint "                   \
               "WHERE broker = $2 AND to_seq >= $1 ORDER BY to_seq LIMIT 1")   \
    X(TOTALS, "SELECT cases, last_seq, tasks_open, tasks_dead, alerts_open, "  \
              "tally FROM broker")                                             \
    X(TALLY_ALL, "SELECT measure, day, unit, category, tag, known, n "         \
                 "FROM tally")                                                 \
    X(KEYS, "(SELECT key FROM case_file WHERE key > $1 ORDER BY 1 LIMIT $2) "  \
            "UNION (SELECT DISTINCT key FROM event WHERE key > $1 "            \
            "ORDER BY 1 LIMIT $2) "                                            \
            "UNION (SELECT DISTINCT key FROM clock WHERE key > $1 "            \
            "ORDER BY 1 LIMIT $2) "                                            \
            "UNION (SELECT DISTINCT key FROM alert WHERE key > $1 "            \
            "ORDER BY 1 LIMIT $2) "                                            \
            "UNION (SELECT DISTINCT key FROM case_beside WHERE key > $1 "      \
            "ORDER BY 1 LIMIT $2) ORDER BY 1 LIMIT $2")                        \
    X(CASE_ROW, "SELECT state, overdue, unit, handler, region, category, "     \
                "hash, doc, urgent, due, grp FROM case_file WHERE key = $1")   \
    X(CLOCK_ROWS, "SELECT id, unit, state, overdue, due_at, fire_at "          \
                  "FROM clock WHERE key = $1 ORDER BY id")                     \
    X(ALERT_ROWS, "SELECT n, raised_at, due_at, acked_at, acked_by, level, "   \
                  "unit, clock, rung FROM alert WHERE key = $1 ORDER BY n")    \
    X(BESIDE_ROWS, "SELECT unit, handler, open FROM case_beside "              \
                   "WHERE key = $1 ORDER BY unit")                             \
    X(RECOUNT, "SELECT (SELECT count(*) FROM case_file), "                     \
               "(SELECT count(*) FROM event), "                                \
               "(SELECT count(*) FROM task WHERE dead = 0), "                  \
               "(SELECT count(*) FROM task WHERE dead = 1), "                  \
               "(SELECT count(*) FROM alert WHERE acked_at IS NULL)")          \
    X(META_GET, "SELECT schema, county, test_clock, test_now, secret, "        \
                "sealed, seal FROM meta")                                      \
    X(META_PUT, "INSERT INTO meta (one, schema, county, test_clock, "          \
                "test_now, secret, sealed, seal) "                             \
                "VALUES (1, $1, $2, $3, $4, $5, $6, $7)")                      \
    X(BROKER_NEW, "INSERT INTO broker (no, name, id, epoch, commits, "         \
                  "last_seq, last_at, cases, tasks_open, tasks_dead, "         \
                  "alerts_open, tally, seen) SELECT coalesce(max(no) + 1, 0)," \
                  " $1, $2, 0, 0, 0, 0, 0, 0, 0, 0, 0, clock_timestamp() "     \
                  "FROM broker ON CONFLICT DO NOTHING")                        \
    X(BROKER_OTHERS, "SELECT count(*) FROM broker WHERE name <> $1")           \
    X(BROKER_UP, "UPDATE broker SET epoch = epoch + 1, "                       \
                 "commits = commits + 1, seen = clock_timestamp() "            \
                 "WHERE name = $1 RETURNING no, id, epoch, commits, "          \
                 "last_seq, last_at, cases, tally")                            \
    X(LAST_EVENT, "SELECT coalesce(max(seq), 0) FROM event WHERE broker = $1")

#endif /* DK_STORE_PG_SQL_H */
