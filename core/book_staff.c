/* book_staff.c - who of a unit may have a case. */
#include <string.h>

#include "book_choice.h"

static const char *called(const struct book_officer *o)
{
    return o->name != NULL ? o->name : o->id;
}

static bool is_there(const struct book_ask *a, const struct book_officer *o)
{
    return !o->absent && !book_is_accused_officer(a->c, o) &&
           book_away_on(a->b, o, a->day) == NULL;
}

/* "何小满（休假至2026年5月10日）" */
static void say_missing(const struct book_ask *a, const struct book_officer *o,
                        struct book_why *y)
{
    const struct book_away *away = book_away_on(a->b, o, a->day);
    struct dk_date d;

    if (book_is_accused_officer(a->c, o)) {
        book_say_item(y, "、", "%s（在本案中被反映）", called(o));
    } else if (away != NULL) {
        d = dk_date_from_days(away->to);
        book_say_item(y, "、", "%s（休假至%d年%d月%d日）", called(o), d.year,
                      d.month, d.day);
    } else {
        book_say_item(y, "、", "%s（不在岗）", called(o));
    }
}

static void add(struct book_choice *ch, const char *id)
{
    for (int i = 0; i < ch->n_candidate; i++) {
        if (strcmp(ch->candidate[i], id) == 0)
            return;
    }
    if (ch->n_candidate < BOOK_HANDLERS_MAX)
        ch->candidate[ch->n_candidate++] = id;
}

/* Where nobody of the unit is there, their delegates of other units are. */
static void add_delegates(const struct book_ask *a, struct book_choice *ch)
{
    const struct book_unit *u = ch->unit;

    for (int i = 0; i < u->n_handler; i++) {
        const struct book_officer *o =
            book_stand_in(a->b, a->c, &u->handler[i], a->day);
        if (o == NULL)
            continue;
        add(ch, o->id);
        book_say_item(&ch->why, "、", "%s（代%s）", called(o),
                      called(&u->handler[i]));
    }
    if (ch->n_candidate > 0) {
        book_say_list_end(&ch->why);
        book_say(&ch->why, "代办。");
    } else if (u->n_handler > 0) {
        book_say(&ch->why, "暂无可承办人员，由单位负责人指定。");
    }
}

void book_staff(const struct book_ask *a, struct book_choice *ch)
{
    const struct book_unit *u = ch->unit;
    bool said = false;

    if (ch->handler != NULL)
        return;
    for (int i = 0; i < u->n_handler; i++) {
        if (is_there(a, &u->handler[i])) {
            add(ch, u->handler[i].id);
            continue;
        }
        if (!said)
            book_say(&ch->why, "未列入候选：");
        said = true;
        say_missing(a, &u->handler[i], &ch->why);
    }
    if (said) {
        book_say_list_end(&ch->why);
        book_say(&ch->why, "。");
    }
    if (ch->n_candidate == 0)
        add_delegates(a, ch);
}

void book_keep_handler(const struct book_ask *a, const char *id,
                       struct book_choice *ch)
{
    const struct book_unit *u = ch->unit;
    const struct book_officer *o = NULL;
    const struct book_officer gone = {.id = id};

    if (id[0] == '\0')
        return;
    for (int i = 0; i < u->n_handler && o == NULL; i++) {
        if (strcmp(u->handler[i].id, id) == 0)
            o = &u->handler[i];
    }
    if (o == NULL && u->head.id != NULL && strcmp(u->head.id, id) == 0)
        o = &u->head;
    if (o != NULL && is_there(a, o)) {
        ch->handler = o->id;
        book_say(&ch->why, "由原承办人%s继续办理。", called(o));
        return;
    }
    book_say(&ch->why, "原承办人");
    if (o != NULL)
        say_missing(a, o, &ch->why);
    else
        book_say_item(&ch->why, "、", "%s（已不在该单位）", called(&gone));
    book_say_list_end(&ch->why);
    book_say(&ch->why, "，另行确定承办人。");
}
