/* store_pg_schema.c - the tables in PostgreSQL.
 *
 * The same as SQLite's (migrate.c), with the same numbers in them; what differs
 * is said in docs/STORE.md, "On PostgreSQL".  Texts are ordered by their bytes,
 * whatever the database's own order is.
 */
#include "store_pg.h"

#define TEXT_ "text COLLATE \"C\""

const char *const pg_tables[] = {
    "CREATE TABLE meta ("
    " one bigint PRIMARY KEY CHECK (one = 1),"
    " schema bigint NOT NULL,"
    " county bigint NOT NULL,"
    " test_clock bigint NOT NULL,"
    " test_now bigint NOT NULL,"
    " secret bytea NOT NULL,"
    " sealed bytea NOT NULL,"
    " seal bigint NOT NULL)",
    "CREATE TABLE broker ("
    " no bigint PRIMARY KEY,"
    " name " TEXT_ " NOT NULL UNIQUE,"
    " id bytea NOT NULL,"
    " epoch bigint NOT NULL,"
    " commits bigint NOT NULL,"
    " last_seq bigint NOT NULL,"
    " last_at bigint NOT NULL,"
    " cases bigint NOT NULL,"
    " tasks_open bigint NOT NULL,"
    " tasks_dead bigint NOT NULL,"
    " alerts_open bigint NOT NULL,"
    " tally bigint NOT NULL,"
    " seen timestamptz NOT NULL"
    ") WITH (fillfactor = 20)",
    "CREATE TABLE request ("
    " id bytea PRIMARY KEY,"
    " hash bytea NOT NULL,"
    " key bigint NOT NULL,"
    " n bigint NOT NULL,"
    " state bigint NOT NULL,"
    " at bigint NOT NULL,"
    " submitted_at bigint NOT NULL)",
    "CREATE TABLE event ("
    " broker bigint NOT NULL,"
    " seq bigint NOT NULL,"
    " key bigint NOT NULL,"
    " n bigint NOT NULL,"
    " type bigint NOT NULL,"
    " at bigint NOT NULL,"
    " claimed bigint,"
    " actor text NOT NULL,"
    " hash bytea NOT NULL,"
    " body text NOT NULL,"
    " PRIMARY KEY (broker, seq),"
    " CONSTRAINT event_case UNIQUE (key, n))",
    "CREATE TABLE case_file ("
    " key bigint PRIMARY KEY,"
    " state bigint NOT NULL,"
    " overdue bigint NOT NULL,"
    " urgent bigint NOT NULL,"
    " due bigint,"
    " grp bigint,"
    " unit " TEXT_ " NOT NULL,"
    " handler " TEXT_ " NOT NULL,"
    " region " TEXT_ ","
    " category " TEXT_ ","
    " hash bytea NOT NULL,"
    " doc text NOT NULL"
    ") WITH (fillfactor = 80)",
    "CREATE INDEX case_state ON case_file (state, key)",
    "CREATE INDEX case_unit ON case_file (unit, state, key)"
    " WHERE unit <> ''",
    "CREATE INDEX case_handler ON case_file (handler, state, key)"
    " WHERE handler <> ''",
    "CREATE INDEX case_overdue ON case_file (key) WHERE overdue = 1",
    "CREATE INDEX case_work ON case_file (due, key)"
    " WHERE due IS NOT NULL AND urgent = 0",
    "CREATE INDEX case_urgent ON case_file (due, key) WHERE urgent = 1",
    "CREATE INDEX case_group ON case_file (grp, key) WHERE grp IS NOT NULL",
    "CREATE TABLE case_beside ("
    " key bigint NOT NULL,"
    " unit " TEXT_ " NOT NULL,"
    " handler " TEXT_ " NOT NULL,"
    " open bigint NOT NULL,"
    " PRIMARY KEY (key, unit))",
    "CREATE INDEX case_beside_unit ON case_beside (unit, open, key)",
    "CREATE INDEX case_beside_handler ON case_beside (handler, open, key)"
    " WHERE handler <> ''",
    "CREATE TABLE clock ("
    " key bigint NOT NULL,"
    " id " TEXT_ " NOT NULL,"
    " unit " TEXT_ " NOT NULL,"
    " state bigint NOT NULL,"
    " overdue bigint NOT NULL,"
    " due_at bigint NOT NULL,"
    " fire_at bigint,"
    " PRIMARY KEY (key, id)"
    ") WITH (fillfactor = 80)",
    "CREATE INDEX clock_fire ON clock (fire_at, key, id)"
    " WHERE fire_at IS NOT NULL",
    "CREATE INDEX clock_due ON clock (due_at, key, id)",
    "CREATE TABLE task ("
    " id bigint PRIMARY KEY,"
    " service bigint NOT NULL,"
    " key bigint NOT NULL,"
    " n bigint NOT NULL,"
    " attempts bigint NOT NULL,"
    " failed_at bigint,"
    " reason text,"
    " dead bigint NOT NULL DEFAULT 0,"
    " owner bigint,"
    " owner_epoch bigint"
    ") WITH (fillfactor = 80)",
    "CREATE INDEX task_open ON task (service, id) WHERE dead = 0",
    "CREATE INDEX task_dead ON task (service, id) WHERE dead = 1",
    "CREATE TABLE alert ("
    " key bigint NOT NULL,"
    " n bigint NOT NULL,"
    " raised_at bigint NOT NULL,"
    " due_at bigint NOT NULL,"
    " acked_at bigint,"
    " acked_by text,"
    " level " TEXT_ " NOT NULL,"
    " unit " TEXT_ " NOT NULL,"
    " clock " TEXT_ " NOT NULL,"
    " rung " TEXT_ " NOT NULL,"
    " PRIMARY KEY (key, n))",
    "CREATE INDEX alert_open ON alert (key, n) WHERE acked_at IS NULL",
    "CREATE TABLE office_alert ("
    " broker bigint NOT NULL,"
    " id bigint NOT NULL,"
    " kind bigint NOT NULL,"
    " subject " TEXT_ " NOT NULL,"
    " level bigint NOT NULL,"
    " value bigint NOT NULL,"
    " threshold bigint NOT NULL,"
    " about text NOT NULL,"
    " told bigint NOT NULL,"
    " raised_at bigint NOT NULL,"
    " told_at bigint NOT NULL,"
    " cleared_at bigint,"
    " acked_at bigint,"
    " acked_by text,"
    " note text,"
    " PRIMARY KEY (broker, id))",
    "CREATE UNIQUE INDEX office_open ON office_alert (broker, kind, subject)"
    " WHERE cleared_at IS NULL",
    "CREATE TABLE tally ("
    " measure bigint NOT NULL,"
    " day bigint NOT NULL,"
    " unit " TEXT_ " NOT NULL,"
    " category " TEXT_ " NOT NULL,"
    " tag bigint NOT NULL,"
    " known bigint NOT NULL,"
    " broker bigint NOT NULL,"
    " n bigint NOT NULL,"
    " PRIMARY KEY (measure, day, unit, category, tag, known, broker)"
    ") WITH (fillfactor = 80)",
    "CREATE TABLE checkpoint ("
    " broker bigint NOT NULL,"
    " number bigint NOT NULL,"
    " from_seq bigint NOT NULL,"
    " to_seq bigint NOT NULL,"
    " text text NOT NULL,"
    " sig bytea NOT NULL,"
    " blocks bytea NOT NULL,"
    " PRIMARY KEY (broker, number))",
    "CREATE INDEX checkpoint_to ON checkpoint (broker, to_seq)",
    "CREATE TABLE person ("
    " key bigint PRIMARY KEY,"
    " seal bigint NOT NULL,"
    " data bytea NOT NULL)",
    "CREATE INDEX person_seal ON person (seal, key)",
    "CREATE TABLE load ("
    " unit " TEXT_ " NOT NULL,"
    " handler " TEXT_ " NOT NULL,"
    " open bigint NOT NULL,"
    " PRIMARY KEY (unit, handler)"
    ") WITH (fillfactor = 50)",
    "CREATE TABLE day ("
    " day bigint PRIMARY KEY,"
    " seq bigint NOT NULL"
    ") WITH (fillfactor = 20);",
    NULL};

const char *const pg_steps[PG_SCHEMA - 1] = {
    "CREATE INDEX IF NOT EXISTS case_beside_handler"
    " ON case_beside (handler, open, key) WHERE handler <> ''",
};
