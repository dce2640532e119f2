/* What becomes of one item after the other (daemon/apply*.c), also where memory
 * is refused, the store cannot be read or what it has is damaged: what was
 * refused leaves nothing behind, and what could not be undone gives the whole
 * batch up.
 */
#include "tests/support/officework.h"

static int decide_fails;    /* so many calls from now one has no memory */
static const void *no_room; /* the list that cannot grow */
static bool ack_unread;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap */
int __real_dk_decide(const struct dk_case *c, const struct dk_command *cmd,
                     const struct dk_env *env, struct dk_events *out,
                     struct dk_problem *p);
int __wrap_dk_decide(const struct dk_case *c, const struct dk_command *cmd,
                     const struct dk_env *env, struct dk_events *out,
                     struct dk_problem *p);
int __wrap_dk_decide(const struct dk_case *c, const struct dk_command *cmd,
                     const struct dk_env *env, struct dk_events *out,
                     struct dk_problem *p)
{
    if (decide_fails > 0 && --decide_fails == 0)
        return dk_fail(p, DK_ENOMEM, NULL, NULL, NULL);
    return __real_dk_decide(c, cmd, env, out, p);
}

int __real_vec_grow_(void **v, size_t *cap, size_t n, size_t size);
int __wrap_vec_grow_(void **v, size_t *cap, size_t n, size_t size);
int __wrap_vec_grow_(void **v, size_t *cap, size_t n, size_t size)
{
    if (v == no_room)
        return DK_ENOMEM;
    return __real_vec_grow_(v, cap, n, size);
}

int __real_alert_row_ack(const struct dk_event *e, struct store_alert_ack *out);
int __wrap_alert_row_ack(const struct dk_event *e, struct store_alert_ack *out);
int __wrap_alert_row_ack(const struct dk_event *e, struct store_alert_ack *out)
{
    return ack_unread ? DK_ENOMEM : __real_alert_row_ack(e, out);
}
/* NOLINTEND(bugprone-reserved-identifier) */

#define COMMANDS(list) "{\"commands\":[" list "]}"
#define CLOCK(basis, rungs)                                                    \
    "{\"action\":\"clock\",\"clock\":\"answer\",\"basis\":" basis              \
    ",\"started_at\":\"2026-05-06T09:00:00+08:00\",\"due_at\":"                \
    "\"2026-05-22T00:00:00+08:00\",\"on_due\":\"overdue\",\"stops_on\":"       \
    "[\"answered\"],\"rungs\":[" rungs "]}"

static const struct dk_who supervisor = {.name = "wu",
                                         .roles = DK_ROLE_SUPERVISOR};

/* The members of a link to the case `to`. */
static const char *link_to(int64_t to)
{
    static char text[96];
    char no[DK_CASE_NO_MAX];

    dk_case_no_format(330699, to, no);
    snprintf(text, sizeof(text), "{\"relation\":\"repeat\",\"to\":\"%s\"}", no);
    return text;
}

static struct item *link_item(struct office *o, int64_t key, int64_t to,
                              enum dk_action a)
{
    struct item *it = office_act(o, key, a, link_to(to));

    it->other = to;
    return it;
}

/* ---- submissions --------------------------------------------------------- */

static void a_day_has_so_many_numbers(void **state)
{
    struct office *o = *state;
    struct batch *b = &o->d.batch;

    o->d.day = (struct store_day){20260506, DK_DAY_CASES_MAX - 2};
    office_case(o, "");
    int64_t last = office_case(o, "");
    assert_int_equal(last % 1000000, DK_DAY_CASES_MAX);
    assert_int_equal(b->n_day, 1); /* one row, with the last of them */
    assert_int_equal(b->day[0].seq, DK_DAY_CASES_MAX);
    assert_false(office_apply(o, office_submission(o, "")));
    assert_int_equal(office_refused(o, DK_EBUSY), 1);
    assert_int_equal(b->n_slot, 2);
    assert_int_equal(b->n_request, 2);
    assert_false(b->broken);
}

static void the_next_number_of_a_day_may_be_unreadable(void **state)
{
    struct office *o = *state;
    struct item *it = office_submission(o, "");

    store_fault(o->d.st, 1, 1, DK_EBUSY, true);
    assert_false(office_apply(o, it));
    assert_int_equal(office_refused(o, DK_EBUSY), 1);
    assert_int_equal(o->d.batch.n_slot, 0);
    assert_true(office_apply(o, it));
    assert_int_equal(o->d.batch.request[0].key, INT64_C(20260506000001));
}

static void a_full_disk_takes_nothing_new(void **state)
{
    struct office *o = *state;

    o->d.ballast.r.tight = true;
    assert_false(office_apply(o, office_submission(o, "")));
    assert_int_equal(office_refused(o, DK_EFULL), 1);
    assert_int_equal(o->d.batch.events.n, 0);
    struct item *it = office_submission(o, "");
    it->known = true;
    it->before = (struct store_request){.id = it->id, .key = 20260506000001};
    memcpy(it->before.hash, it->hash, sizeof(it->hash));
    assert_true(office_apply(o, it)); /* that is an answer, and no row */
    assert_int_equal(o->d.stats.submitted_again, 1);
}

/* As after recovery, or after the persons of a case were erased. */
static void what_was_said_under_an_id_may_be_unknown(void **state)
{
    struct office *o = *state;
    struct item *it = office_submission(o, "");

    it->known = true;
    it->before = (struct store_request){.id = it->id, .key = 20260506000001};
    memset(it->before.hash, 77, sizeof(it->before.hash));
    assert_false(office_apply(o, it));
    assert_int_equal(office_refused(o, DK_ECONFLICT), 1);
    memset(it->before.hash, 0, sizeof(it->before.hash));
    assert_true(office_apply(o, it));
    cJSON *v = office_answer(o, it);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(v, "query_code")));
    assert_non_null(cJSON_GetStringValue(cJSON_GetObjectItem(v, "case_no")));
    cJSON_Delete(v);
}

static void who_is_complained_about_links_nothing_to_it(void **state)
{
    struct office *o = *state;
    int64_t first = office_case(o, ",\"respondents\":[{\"officer\":\"wu\"}]");
    char more[96], no[DK_CASE_NO_MAX];

    dk_case_no_format(330699, first, no);
    snprintf(more, sizeof(more), ",\"repeat_of\":\"%s\"", no);
    struct item *it = office_submission(o, more);
    it->who = supervisor;
    it->other = first;
    assert_true(office_apply(o, it));
    int64_t second = o->d.batch.request[1].key;
    assert_int_equal(office_slot(o, second)->repeat_of, 0);
    assert_int_equal(office_slot(o, first)->n, 1);
    it = office_submission(o, more);
    it->other = first;
    assert_true(office_apply(o, it));
    int64_t third = o->d.batch.request[2].key;
    assert_int_equal(office_slot(o, third)->repeat_of, first);
    assert_int_equal(office_slot(o, first)->n, 2);
    assert_int_equal(office_slot(o, first)->repeats, 1);
}

/* ---- links --------------------------------------------------------------- */

static void a_link_of_which_the_other_does_not_hear_is_not_made(void **state)
{
    struct office *o = *state;
    int64_t first = office_case(o, ""), second = office_case(o, "");

    decide_fails = 2; /* the link is decided on, the note of it is not */
    assert_false(office_apply(o, link_item(o, second, first, DK_ACT_LINK)));
    assert_true(o->d.batch.broken);
    assert_int_equal(office_refused(o, DK_ENOMEM), 1);
}

static void a_link_to_what_is_lost_can_be_undone(void **state)
{
    struct office *o = *state;
    int64_t first = office_case(o, ""), second = office_case(o, "");

    assert_true(office_apply(o, link_item(o, second, first, DK_ACT_LINK)));
    assert_int_equal(office_slot(o, first)->repeats, 1);
    struct slot *s = batch_slot(&o->d.batch, first);
    dk_case_free(s->c); /* as after damage */
    s->c = NULL;
    struct item *it = link_item(o, second, first, DK_ACT_UNLINK);
    cJSON_AddStringToObject(it->body, "reason", "误");
    assert_true(office_apply(o, it));
    assert_int_equal(office_slot(o, second)->repeat_of, 0);
    assert_false(o->d.batch.broken);
}

/* ---- acts ---------------------------------------------------------------- */

static void acts_on_what_is_not_there_are_refused(void **state)
{
    struct office *o = *state;

    for (int64_t key = 7; key <= 8; key++) {
        if (key == 8) /* it was looked for, and there is none */
            assert_int_equal(batch_add_slot(&o->d.batch, key, NULL, false), 0);
        assert_false(office_apply(o, office_act(o, key, DK_ACT_ACCEPT, "{}")));
        struct item *it = office_item(o, ITEM_ACK, "{\"alert_id\":\"x\"}");
        it->key = key;
        assert_false(office_apply(o, it));
    }
    assert_int_equal(office_refused(o, DK_ENOTFOUND), 4);
    assert_int_equal(o->d.batch.n_request, 0);
}

static void who_may_not_see_or_do_it_is_refused(void **state)
{
    struct office *o = *state;
    struct dk_who handler = {
        .name = "he", .roles = DK_ROLE_HANDLER, .unit = "u1"};
    int64_t hers = office_case(o, ",\"respondents\":[{\"officer\":\"wu\"}]");
    int64_t other = office_case(o, "");
    struct item *it = office_act(o, hers, DK_ACT_REGISTER, "{}");

    it->who = supervisor;
    assert_false(office_apply(o, it));
    assert_int_equal(office_refused(o, DK_ENOTFOUND), 1);
    it = link_item(o, other, hers, DK_ACT_LINK); /* nor is it named to her */
    it->who = supervisor;
    assert_false(office_apply(o, it));
    assert_int_equal(office_refused(o, DK_ENOTFOUND), 2);
    assert_int_equal(office_slot(o, other)->repeat_of, 0);
    strcpy(office_slot(o, other)->unit, "u1"); /* they have it, */
    it = office_act(o, other, DK_ACT_REGISTER, "{}");
    it->who = handler; /* but that is the office's to do */
    assert_false(office_apply(o, it));
    assert_int_equal(office_refused(o, DK_EFORBIDDEN), 1);
    assert_int_equal(office_slot(o, other)->n, 1);
}

/* Whether she is complained about in the case that it repeats is not known. */
static void what_cannot_be_read_is_not_shown(void **state)
{
    struct office *o = *state;
    int64_t key = office_case(o, "");
    struct item *it = office_act(o, key, DK_ACT_REGISTER, "{}");

    office_slot(o, key)->repeat_of = key - 1000;
    it->who = supervisor;
    store_fault(o->d.st, 1, 1, DK_EBUSY, true);
    assert_false(office_apply(o, it));
    assert_int_equal(office_refused(o, DK_EBUSY), 1);
    assert_int_equal(office_slot(o, key)->n, 1);
    assert_true(office_apply(o, it));
    assert_int_equal(office_slot(o, key)->n, 2);
}

static void an_act_that_is_refused_leaves_nothing(void **state)
{
    struct office *o = *state;
    int64_t key = office_case(o, "");
    size_t events = o->d.batch.events.n;

    assert_false(office_apply(o, office_act(o, key, DK_ACT_REOPEN, "{}")));
    assert_int_equal(o->d.batch.events.n, events);
    assert_int_equal(o->d.batch.n_request, 1);
    assert_false(o->d.batch.broken);
}

/* What is written must be known by its id when it is asked for again. */
static void an_act_that_cannot_be_remembered_is_given_up(void **state)
{
    struct office *o = *state;
    int64_t key = office_case(o, "");

    no_room = &o->d.batch.request;
    assert_false(office_apply(o, office_act(o, key, DK_ACT_REGISTER, "{}")));
    no_room = NULL;
    assert_true(o->d.batch.broken);
    assert_int_equal(office_refused(o, DK_ENOMEM), 1);
    assert_int_equal(o->d.stats.acted, 0);
}

static void an_alert_of_the_offices_own_that_is_not_there(void **state)
{
    struct office *o = *state;
    struct item *it = office_item(o, ITEM_OFFICE_ACK, "{}");

    it->task_id = 40;
    assert_false(office_apply(o, it));
    assert_int_equal(office_refused(o, DK_ENOTFOUND), 1);
}

/* ---- alerts -------------------------------------------------------------- */

static void alerts_that_the_case_does_not_have_open(void **state)
{
    struct office *o = *state;
    struct batch *b = &o->d.batch;
    int64_t key = office_case(o, "");
    struct item *it = office_act(o, key, DK_ACT_REGISTER, "{}");
    struct store_alert a = {.key = key,
                            .n = 2,
                            .raised_at = OFFICE_NOW,
                            .clock = "answer",
                            .rung = "red",
                            .level = "red",
                            .unit = "u1"};

    assert_true(office_apply(o, it)); /* from here on it has alerts */
    /* Its row says open, its case says there is none: the case is right. */
    assert_int_equal(batch_collect(b, &o->d.loads, 1, 330699, 480), DK_OK);
    b->changes.alert = &a;
    b->changes.n_alert = 1;
    assert_int_equal(store_commit(o->d.st, &b->changes), DK_OK);
    for (uint32_t n = 1; n <= 2; n++) {
        it = office_item(o, ITEM_ACK, "{\"alert_id\":\"x\"}");
        it->key = key;
        it->alert_n = n;
        assert_false(office_apply(o, it));
    }
    assert_int_equal(office_refused(o, DK_ENOTFOUND), 2);
    it = office_item(o, ITEM_ACK, "{\"alert_id\":\"x\"}");
    it->key = key;
    it->alert_n = 2;
    store_fault(o->d.st, 1, 1, DK_EBUSY, true);
    assert_false(office_apply(o, it));
    assert_int_equal(office_refused(o, DK_EBUSY), 1);
    decide_fails = 1;
    assert_false(office_apply(o, it));
    assert_int_equal(office_refused(o, DK_ENOMEM), 1);
    assert_int_equal(office_slot(o, key)->n, 2);
}

/* One that is open, of event n of the case. */
static void raise_alert(struct office *o, int64_t key)
{
    struct lease l = {.task_id = 4, .n = 1, .saw_n = 9};
    struct item *it = office_item(
        o, ITEM_RESULT,
        COMMANDS(CLOCK("1", "{\"id\":\"red\",\"at\":\"2026-05-06T09:00:00"
                            "+08:00\"}")));

    it->key = key;
    it->lease = &l;
    it->actor = "worker:deadline";
    apply_item(&o->d, it);
    it = office_item(o, ITEM_FIRE, "{}");
    it->key = key;
    apply_item(&o->d, it);
    it = office_item(o, ITEM_RESULT,
                     COMMANDS("{\"action\":\"alert\",\"clock\":\"answer\","
                              "\"clock_no\":1,\"rung\":\"red\",\"level\":"
                              "\"red\",\"to\":[\"handler:h1\"],\"text\":{"
                              "\"zh-CN\":\"x\",\"en\":\"x\"}}"));
    it->key = key;
    it->lease = &l;
    it->actor = "worker:escalate";
    apply_item(&o->d, it);
    assert_int_equal(office_slot(o, key)->n_alert, 1);
}

static struct item *ack(struct office *o, int64_t key, uint32_t n,
                        const char *by)
{
    struct item *it = office_item(o, ITEM_ACK, "{\"alert_id\":\"x\"}");

    it->key = key;
    it->alert_n = n;
    it->actor = by;
    return it;
}

/* Twice in one batch: it is in no row yet that it was. */
static void an_alert_that_was_just_acknowledged(void **state)
{
    struct office *o = *state;
    int64_t key = office_case(o, ""), other = office_case(o, "");

    raise_alert(o, other);
    raise_alert(o, key);
    uint32_t n = office_slot(o, key)->alert[0];
    assert_true(office_apply(o, ack(o, other, n, "officer:li")));
    assert_true(office_apply(o, ack(o, key, n, "officer:wu")));
    office_case(o, ""); /* others go on */
    size_t events = o->d.batch.events.n;
    struct item *it = ack(o, key, n, "officer:wu");
    assert_true(office_apply(o, it)); /* the same answer */
    cJSON *v = office_answer(o, it);
    assert_string_equal(
        cJSON_GetStringValue(cJSON_GetObjectItem(v, "acked_by")), "officer:wu");
    cJSON_Delete(v);
    assert_false(office_apply(o, ack(o, key, n, "officer:li")));
    assert_int_equal(office_refused(o, DK_ESTATE), 1);
    assert_int_equal(o->d.batch.events.n, events);
    ack_unread = true;
    assert_false(office_apply(o, ack(o, key, n, "officer:wu")));
    ack_unread = false;
    assert_int_equal(office_refused(o, DK_ENOMEM), 1);
}

/* ---- answers of workers -------------------------------------------------- */

static struct item *result(struct office *o, int64_t key, struct lease *l,
                           const char *commands)
{
    struct item *it = office_item(o, ITEM_RESULT, commands);

    it->actor = "worker:deadline";
    it->key = key;
    it->lease = l;
    return it;
}

static bool taken(struct office *o, struct item *it)
{
    apply_item(&o->d, it);
    assert_non_null(it->type);
    return strcmp(it->type, "done") == 0;
}

static void only_the_first_answer_is_of_the_cases_own_day(void **state)
{
    struct office *o = *state;
    struct dk_events *es = &o->d.batch.events;
    struct lease first = {.task_id = 4, .n = 1}, later = {.task_id = 8, .n = 2};
    int64_t key = office_case(o, ",\"import\":true,\"submitted_at\":"
                                 "\"2019-01-02T08:00:00+08:00\"");

    assert_true(taken(
        o, result(o, key, &first, COMMANDS("{\"action\":\"register\"}"))));
    assert_int_equal(es->v[es->n - 1].claimed, INT64_C(1546387200000));
    assert_true(taken(o, result(o, key, &later,
                                COMMANDS("{\"action\":\"assign\",\"unit\":"
                                         "\"u1\",\"candidates\":[\"h1\"]}"))));
    assert_int_equal(es->v[es->n - 1].claimed, DK_NEVER);
    assert_int_equal(o->d.batch.n_done, 2);
}

static void an_answer_that_says_nothing_is_an_attempt(void **state)
{
    struct office *o = *state;
    struct lease l = {.task_id = 4, .n = 1};
    int64_t key = office_case(o, "");
    struct item *it = result(o, key, &l, COMMANDS("{\"unit\":\"u1\"}"));

    assert_false(taken(o, it));
    assert_true(it->refused);
    assert_non_null(strstr(it->reason, "refused: "));
    assert_int_equal(o->d.batch.n_fail, 1);
    assert_int_equal(o->d.batch.n_done, 0);
    assert_int_equal(office_slot(o, key)->n, 1);
}

/* Another answer has set a clock since this worker looked at the case. */
static void an_answer_to_what_has_changed_comes_again(void **state)
{
    static const char *const others[] = {
        COMMANDS("{\"action\":\"register\"}"), /* about no clock */
        COMMANDS("{\"action\":\"x\",\"clock\":\"notice\",\"basis\":1}"),
        COMMANDS("{\"action\":\"x\",\"clock\":\"answer\",\"basis\":\"1\"}"),
        COMMANDS("{\"action\":\"x\",\"clock\":\"answer\",\"basis\":2}"),
    };
    struct office *o = *state;
    struct lease l = {.task_id = 4, .n = 1, .saw_n = 1};
    int64_t key = office_case(o, "");

    assert_true(taken(o, result(o, key, &l, COMMANDS(CLOCK("1", "")))));
    assert_int_equal(office_slot(o, key)->n_clock, 1);
    struct item *it = result(o, key, &l, COMMANDS(CLOCK("1", "")));
    assert_false(taken(o, it));
    assert_true(it->outdated);
    assert_false(it->refused);
    assert_int_equal(office_refused(o, DK_ESTALE), 1);
    assert_int_equal(o->d.batch.n_fail, 0);
    l.saw_n = 2; /* it looked again */
    it = result(o, key, &l, COMMANDS(CLOCK("1", "")));
    assert_true(taken(o, it));
    l.saw_n = 1;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        it = result(o, key, &l, others[i]);
        assert_int_equal(taken(o, it), i == 0);
        assert_false(it->outdated); /* refused for what they are */
    }
    assert_int_equal(o->d.batch.n_fail, 3);
}

/* What was wrong with its body was said at the door. */
static void an_answer_refused_at_the_door_is_an_attempt(void **state)
{
    struct office *o = *state;
    struct lease l = {.task_id = 4, .n = 1};

    for (int i = 0; i < 2; i++) {
        struct item *it = office_item(o, ITEM_FAIL, "{}");
        it->lease = &l;
        it->type = i == 0 ? "problem" : NULL;
        apply_item(&o->d, it);
        assert_string_equal(it->type, i == 0 ? "problem" : "ok");
    }
    assert_int_equal(o->d.batch.n_fail, 2);
}

/* ---- rows ---------------------------------------------------------------- */

static void a_clock_that_became_late_is_a_row_to_write(void **state)
{
    struct office *o = *state;
    struct batch *b = &o->d.batch;
    struct lease l = {.task_id = 4, .n = 1, .saw_n = 9};
    int64_t key = office_case(o, "");

    assert_true(taken(o, result(o, key, &l, COMMANDS(CLOCK("1", "")))));
    for (int late = 0; late < 2; late++) {
        struct dk_case *c = dk_case_clone(office_slot(o, key));
        assert_non_null(c);
        batch_reset(b, OFFICE_NOW);
        assert_int_equal(batch_add_slot(b, key, c, false), DK_OK);
        c->n++; /* something happened, */
        c->clock[0].late = late == 1;
        assert_int_equal(batch_collect(b, &o->d.loads, 1, 330699, 480), DK_OK);
        assert_int_equal(b->changes.n_case, 1);
        assert_int_equal(b->changes.n_clock, late); /* perhaps to the clock */
    }
}

static void rows_that_cannot_be_made_are_no_batch(void **state)
{
    struct office *o = *state;
    struct batch *b = &o->d.batch;
    struct store_secret fresh = {0};

    assert_false(batch_writes(b));
    b->changes.secret = &fresh;
    assert_true(batch_writes(b));
    b->changes.secret = NULL;
    raise_alert(o, office_case(o, ""));
    ack_unread = true; /* does it take the place of another? */
    assert_int_equal(batch_collect(b, &o->d.loads, 1, 330699, 480), DK_ENOMEM);
    ack_unread = false;
}

/* ---- dead letters -------------------------------------------------------- */

static void only_dead_letters_are_taken_away(void **state)
{
    static const enum item_kind how[] = {ITEM_RETRY, ITEM_DROP};
    struct office *o = *state;
    struct batch *b = &o->d.batch;
    struct store_task t = {.id = 8, .key = 7, .n = 1};
    struct store_task_fail f = {
        .id = 8, .attempts = 9, .dead = true, .reason = "x"};
    struct store_changes open = {
        .task_new = &t, .n_task_new = 1, .test_now = DK_NEVER};
    struct store_changes dies = {
        .task_fail = &f, .n_task_fail = 1, .test_now = DK_NEVER};
    struct item *it;

    assert_int_equal(store_commit(o->d.st, &open), 0);
    for (int i = 0; i < 2; i++) {
        it = office_item(o, how[i], "{}");
        it->task_id = 8;
        assert_false(office_apply(o, it));
    }
    assert_int_equal(office_refused(o, DK_ESTATE), 2);
    assert_int_equal(store_commit(o->d.st, &dies), 0);
    no_room = &b->done;
    it = office_item(o, ITEM_DROP, "{}");
    it->task_id = 8;
    assert_false(office_apply(o, it));
    no_room = NULL;
    assert_int_equal(office_refused(o, DK_ENOMEM), 1);
    assert_true(b->broken);
    assert_int_equal(b->n_done + b->n_retry, 0);
    assert_true(office_apply(o, it));
    assert_int_equal(b->n_done, 1);
}

int main(void)
{
#define IN(f) cmocka_unit_test_setup_teardown(f, office_open, office_close)
    static const struct CMUnitTest tests[] = {
        IN(a_day_has_so_many_numbers),
        IN(the_next_number_of_a_day_may_be_unreadable),
        IN(a_full_disk_takes_nothing_new),
        IN(what_was_said_under_an_id_may_be_unknown),
        IN(who_is_complained_about_links_nothing_to_it),
        IN(a_link_of_which_the_other_does_not_hear_is_not_made),
        IN(a_link_to_what_is_lost_can_be_undone),
        IN(acts_on_what_is_not_there_are_refused),
        IN(who_may_not_see_or_do_it_is_refused),
        IN(what_cannot_be_read_is_not_shown),
        IN(an_act_that_is_refused_leaves_nothing),
        IN(an_act_that_cannot_be_remembered_is_given_up),
        IN(an_alert_of_the_offices_own_that_is_not_there),
        IN(alerts_that_the_case_does_not_have_open),
        IN(an_alert_that_was_just_acknowledged),
        IN(only_the_first_answer_is_of_the_cases_own_day),
        IN(an_answer_that_says_nothing_is_an_attempt),
        IN(an_answer_to_what_has_changed_comes_again),
        IN(an_answer_refused_at_the_door_is_an_attempt),
        IN(a_clock_that_became_late_is_a_row_to_write),
        IN(rows_that_cannot_be_made_are_no_batch),
        IN(only_dead_letters_are_taken_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
