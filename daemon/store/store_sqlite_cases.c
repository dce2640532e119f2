/* store_sqlite_cases.c - what a list of cases asks for, as pieces of a query.
 *
 * Where no index serves all of a filter and a bound is given (`look`), the rest
 * of the filter is a column of the answer (no document: it does not let the row
 * through) and not a condition.  So every row that is looked at is a step of
 * the query, and is counted.
 */
#include "store_sqlite_cases.h"

#include <string.h>

#define CASES_OF_GROUP                                                         \
    " AND key IN (SELECT key FROM case_file INDEXED BY case_group"             \
    " WHERE grp = ?7 UNION ALL SELECT ?7)"

bool sq_add_case_index(struct sq_text *q, const struct ask *a)
{
    const struct store_case_filter *f = a->f;
    const char *by = NULL;

    if (a->own)
        by = NULL;
    else if (f->group != 0)
        by = " WHERE true" CASES_OF_GROUP;
    else if (f->overdue)
        by = " INDEXED BY case_overdue WHERE overdue = 1";
    else if (sq_given(f->handler))
        by = " INDEXED BY case_handler WHERE handler <> ''";
    else if (sq_given(f->unit))
        by = " INDEXED BY case_unit WHERE unit <> ''";
    sq_add_if(q, by != NULL, by);
    return by != NULL;
}

/* Of one officer, whatever the unit. */
static bool by_officer(const struct store_case_filter *f)
{
    return f->unit == NULL && sq_given(f->handler);
}

static bool may_be_beside(const struct store_case_filter *f)
{
    return sq_given(f->unit) || by_officer(f);
}

/* The cases that a unit or an officer handles beside another are rows of
 * case_beside.  Where whose they are is the narrowest filter they are arms of
 * their own, by an index; else each row that another index gives is asked for.
 */
bool sq_ask_has_beside(const struct ask *a)
{
    return may_be_beside(a->f) && !a->f->overdue && a->f->group == 0 && !a->own;
}

static void add_whose(struct sq_text *q, const struct ask *a)
{
    const struct store_case_filter *f = a->f;
    bool ask = may_be_beside(f) && !sq_ask_has_beside(a);

    sq_add_if(q, ask, " AND ((true");
    sq_add_if(q, f->unit != NULL, " AND unit = ?3");
    sq_add_if(q, f->handler != NULL, " AND handler = ?4");
    if (!ask)
        return;
    sq_add(q, ") OR EXISTS (SELECT 1 FROM case_beside AS b"
              " WHERE b.key = c.key");
    sq_add_if(q, f->unit != NULL, " AND b.unit = ?3");
    sq_add_if(q, f->handler != NULL, " AND b.handler = ?4");
    sq_add(q, "))");
}

/* A work list's days of receipt; of other lists these are where the index is
 * read (add_range).
 */
static void add_days(struct sq_text *q, const struct store_case_filter *f)
{
    sq_add_if(q, f->work && f->min_key != 0, " AND c.key >= ?9");
    sq_add_if(q, f->work && f->max_key != 0, " AND c.key <= ?10");
}

void sq_add_due(struct sq_text *q, const struct store_case_filter *f,
                bool begun)
{
    sq_add_if(q, store_filter_due(f) && !begun, " AND due > ?11");
    sq_add_if(q, f->due_until != 0, " AND due <= ?12");
}

static void add_what(struct sq_text *q, const struct store_case_filter *f)
{
    sq_add_if(q, f->overdue, " AND overdue = 1");
    add_days(q, f);
    if (!f->work)
        sq_add_due(q, f, false);
    sq_add_if(q, f->region != NULL, " AND region = ?5");
    sq_add_if(q, f->category != NULL,
              " AND (category = ?6 OR"
              " substr(category, 1, length(?6) + 1) = ?6 || '/')");
}

void sq_add_states(struct sq_text *q, uint32_t states)
{
    const char *glue = " AND state IN (";
    char number[] = "00";

    for (int s = 0; s < DK_S_N; s++) {
        if ((states >> s & 1) == 0)
            continue;
        number[0] = (char)('0' + s / 10);
        number[1] = (char)('0' + s % 10);
        sq_add(q, glue);
        sq_add(q, number);
        glue = ", ";
    }
    sq_add(q, ")");
}

bool sq_ask_counts(const struct ask *a)
{
    return a->f->look > 0 && a->f->group == 0;
}

bool sq_ask_by_state(const struct ask *a)
{
    return !a->own && (!a->f->overdue || !sq_ask_counts(a));
}

void sq_add_filter(struct sq_text *q, const struct ask *a, uint32_t states,
                   bool cased)
{
    if (sq_ask_by_state(a) != cased) {
        if (states != 0)
            sq_add_states(q, states);
        add_whose(q, a);
    }
    if (sq_ask_counts(a) == cased)
        add_what(q, a->f);
}

void sq_add_doc(struct sq_text *q, const struct ask *a, uint32_t states)
{
    if (!sq_ask_counts(a)) {
        sq_add(q, "doc");
        return;
    }
    sq_add(q, "CASE WHEN true");
    sq_add_filter(q, a, states, true);
    sq_add(q, " THEN doc END");
}

static void add_beside_doc(struct sq_text *q, const struct ask *a,
                           uint32_t states)
{
    if (!sq_ask_counts(a)) {
        sq_add(q, "doc");
        return;
    }
    sq_add(q, "CASE WHEN true");
    sq_add_states(q, states);
    add_what(q, a->f);
    sq_add(q, " THEN doc END");
}

/* Of one unit, or of one officer.  A case is never listed twice: not if a
 * damaged file has a unit beside itself, nor if several units named one
 * officer.
 */
static void add_beside_whose(struct sq_text *q, const struct ask *a)
{
    if (!by_officer(a->f)) {
        sq_add(q, "case_beside_unit CROSS JOIN case_file AS c ON c.key = b.key"
                  " WHERE b.unit = ?3 AND c.unit <> ?3");
        sq_add_if(q, a->f->handler != NULL, " AND b.handler = ?4");
        return;
    }
    sq_add(q, "case_beside_handler CROSS JOIN case_file AS c ON c.key = b.key"
              " WHERE b.handler = ?4 AND b.handler <> '' AND c.handler <> ?4"
              " AND NOT EXISTS (SELECT 1 FROM case_beside AS o WHERE"
              " o.key = b.key AND o.unit < b.unit AND o.handler = ?4)");
}

void sq_add_beside_arms(struct sq_text *q, const struct ask *a, uint32_t states,
                        const char *tail)
{
    for (int open = 0; open < 2; open++) {
        uint32_t some = 0;

        for (int s = 0; s < DK_S_N; s++)
            if (dk_state_owes((enum dk_state)s) == (open != 0))
                some |= states & UINT32_C(1) << s;
        if (some == 0)
            continue;
        sq_add(q, " UNION ALL SELECT b.key, ");
        add_beside_doc(q, a, some);
        sq_add(q, ", urgent, due"
                  " FROM case_beside AS b INDEXED BY ");
        add_beside_whose(q, a);
        sq_add(q, open != 0 ? " AND b.open = 1" : " AND b.open = 0");
        if (!sq_ask_counts(a)) {
            sq_add_states(q, some);
            add_what(q, a->f);
        }
        sq_add(q, tail);
    }
}
