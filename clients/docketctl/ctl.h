/* ctl.h - what every command of docketctl shares: where the broker is, how to
 * print, and the table of commands.
 *
 * Functions that end a command's work return its exit code (sysexits.h), so 0
 * is success here too; everything else returns 0 or a DK_E code.
 */
#ifndef DK_CTL_CTL_H
#define DK_CTL_CTL_H

#include <stdio.h>
#include <sysexits.h>

#include "opts.h"
#include "proto/client.h"
#include "proto/jsonw.h"

struct ctl {
    const char *endpoint;
    const char *key_file, *server_key; /* proto/client_keys.h */
    bool json;
    bool zh;        /* the language of what people read */
    bool color;     /* on `out` */
    bool color_err; /* on `err` */
    int columns;    /* of the terminal on `out`; 0: not a terminal */
    int timeout_ms; /* 0: not given, each command has its own */
    FILE *out, *err;
    struct dk_problem *told;  /* gets what was told on `err`; NULL: nobody */
    const struct args *args;  /* of the command that runs; for --help */
    struct dk_client *client; /* opened by the first call */
    bool offset_known;
    int offset_min; /* the office's */
};

/* Pick the text of the language. */
#define T(c, text_en, text_zh) ((c)->zh ? (text_zh) : (text_en))

#define DEFAULT_TIMEOUT 5000

struct command {
    const char *name;  /* "show", "alerts ack"; NULL ends the table */
    const char *words; /* its words after the name, as --help shows them */
    int min_words, max_words; /* max -1: any number */
    const char *en, *zh;      /* one line */
    const struct opt *opts;
    int (*run)(struct ctl *ctl, const struct args *a);
    /* More help, printed under the options; or NULL. */
    void (*more)(const struct ctl *ctl);
};

extern const struct command commands[];
extern const struct opt global_opts[];

/* help.c */
void help_program(const struct ctl *ctl);
void help_command(const struct ctl *ctl, const struct command *c);
/* Find the command that argv starts with: *words is how many words its name
 * has.  NULL with *p filled: unknown, the nearest named.
 */
const struct command *command_find(int argc, const char *const argv[],
                                   int *words, struct dk_problem *p);

/* say.c: to people, on ctl->err */
/* Print a problem as a sentence with its place and when to try again; returns
 * the exit code for it.
 */
int say_problem(const struct ctl *ctl, const struct dk_problem *p);
int say_usage(const struct ctl *ctl, const struct dk_problem *p);
/* Out of memory, or a reply that this version cannot read. */
int say_oom(const struct ctl *ctl);
int say_odd_reply(const struct ctl *ctl, const char *what);
int exit_code_of(int dk_e);
/* Text that others wrote, cleaned, in a style; no line end. */
void put_text(const struct ctl *ctl, const char *s, bool lines);

/* ask.c: requests */
int ctl_open(struct ctl *ctl, struct dk_problem *p);
int ctl_timeout(const struct ctl *ctl, int otherwise);
/* Ask and wait.  `body` (taken over: it is finished on every path) may be NULL
 * for {}.  On failure the problem has been told; returns the exit code.
 */
int ctl_ask(struct ctl *ctl, const char *type, struct dk_jw *body,
            struct dk_reply *out);
/* The same under one id until acknowledged, for `retry`: repeats while the
 * broker is away or asks to come back later, until the time-out has passed.
 */
int ctl_ask_patiently(struct ctl *ctl, const char *type, struct dk_jw *body,
                      struct dk_reply *out);
/* The office's offset from UTC, asked of the broker once. */
int ctl_offset(struct ctl *ctl, int *out_min);
/* Write every option that has a member into the open object of `w`. */
int ctl_write_opts(struct ctl *ctl, const struct args *a, struct dk_jw *w);
/* A time from the command line into `w`. */
int ctl_write_time(struct ctl *ctl, struct dk_jw *w, const char *member,
                   const char *value);
/* --id into `id`, "" if not given; a wrong one has been told. */
int ctl_given_id(const struct ctl *ctl, const struct args *a,
                 char id[DK_UUID_TEXT]);
/* After a failure that leaves it open whether a command arrived: how to repeat
 * it safely.
 */
void say_repeat(const struct ctl *ctl, int code, const char *id);
/* Does the answer name the id that was sent (dk_reply_names)?  0, else it is
 * told, as if no answer had come.
 */
int ctl_is_own(const struct ctl *ctl, const struct dk_reply *r,
               const char *member, const char *id);
void ctl_sleep(dk_ms ms);

/* print.c: replies */
void print_raw(const struct ctl *ctl, const struct dk_reply *r);
/* A member's text: strings as they are, numbers in digits, true/false, else
 * NULL.  `buf` of 32 bytes is used for numbers.
 */
const char *member_text(const cJSON *o, const char *key, char buf[32]);
/* A limit by its name and id, as far as the glossary knows it. */
void clock_label(const struct ctl *ctl, const char *id, char *buf, size_t cap);
/* "label: value" for every member of an object, nested ones indented. */
void print_object(const struct ctl *ctl, const cJSON *o, int indent);
/* ctl_ask(), and its answer printed whole. */
int ctl_show(struct ctl *ctl, const char *type, struct dk_jw *body);
void print_field(const struct ctl *ctl, const char *label, const char *value);
/* The same with the value at column `width`. */
void print_field_at(const struct ctl *ctl, const char *label, int width,
                    const char *value);

/* list.c */
enum column_kind {
    COL_TEXT,
    COL_INT,
    COL_TIME,
    COL_WORD,  /* a word of the protocol, translated */
    COL_STATE, /* of a case; coloured */
    COL_LEVEL, /* of an alert; coloured */
    COL_CLOCK, /* a limit, by name and id */
    COL_TO,    /* who was told: an array of "role:id" */
    COL_LATE,  /* true: late */
    COL_LANG   /* an object {zh-CN, en} */
};
struct column {
    const char *member;
    enum column_kind kind;
    const char *en, *zh;
};
struct list_spec {
    const char *type;
    const struct column *columns;
    int n;
    const char *on, *off;          /* members put as true or false, or NULL */
    const char *none_en, *none_zh; /* said when there is nothing */
};
int list_run(struct ctl *ctl, const struct args *a,
             const struct list_spec *spec);
/* "handler:zhang", its role in the language. */
void recipient_label(const struct ctl *ctl, const char *to, char *buf,
                     size_t cap);
/* cmd_digest.c: every alert that the options choose, by recipient.  `off` as
 * in list_spec.
 */
int alerts_digest(struct ctl *ctl, const struct args *a, const char *off);
/* clang-format off */
#define LIST_OPTS \
    {.name = "limit", .kind = OPT_INT, .member = "limit", .arg = "N", \
     .min = 1, .max = 500, .en = "items of one page (default 50)", \
     .zh = "每页条数（默认 50）"}, \
    {.name = "after", .kind = OPT_TEXT, .arg = "CURSOR", \
     .en = "go on after this cursor", .zh = "从该游标之后继续"}, \
    {.name = "all", .kind = OPT_FLAG, .en = "every page, to the end", \
     .zh = "逐页列出全部"}
#define OPT_END {.name = NULL}
/* clang-format on */

/* The commands, one file per group. */
int cmd_submit(struct ctl *ctl, const struct args *a);
int cmd_show(struct ctl *ctl, const struct args *a);
int cmd_explain(struct ctl *ctl, const struct args *a);
int cmd_query(struct ctl *ctl, const struct args *a);
int cmd_list(struct ctl *ctl, const struct args *a);
int cmd_act(struct ctl *ctl, const struct args *a);
int cmd_alerts(struct ctl *ctl, const struct args *a);
int cmd_alerts_ack(struct ctl *ctl, const struct args *a);
int cmd_clocks(struct ctl *ctl, const struct args *a);
int cmd_tasks(struct ctl *ctl, const struct args *a);
int cmd_dead(struct ctl *ctl, const struct args *a);
int cmd_dead_show(struct ctl *ctl, const struct args *a);
int cmd_dead_retry(struct ctl *ctl, const struct args *a);
int cmd_dead_drop(struct ctl *ctl, const struct args *a);
int cmd_workers(struct ctl *ctl, const struct args *a);
int cmd_office(struct ctl *ctl, const struct args *a);
int cmd_office_ack(struct ctl *ctl, const struct args *a);
int cmd_keys_new(struct ctl *ctl, const struct args *a);
int cmd_keys_allow(struct ctl *ctl, const struct args *a);
int cmd_keys_revoke(struct ctl *ctl, const struct args *a);
int cmd_keys_list(struct ctl *ctl, const struct args *a);
extern const struct opt opts_keys_new[], opts_keys_allow[];
int cmd_follow(struct ctl *ctl, const struct args *a);
int cmd_bulletin(struct ctl *ctl, const struct args *a);
int cmd_stats(struct ctl *ctl, const struct args *a);
int cmd_status(struct ctl *ctl, const struct args *a);
int cmd_top(struct ctl *ctl, const struct args *a);
extern const struct opt opts_top[];
int cmd_verify(struct ctl *ctl, const struct args *a);
int cmd_checkpoint(struct ctl *ctl, const struct args *a);
int cmd_checkpoint_list(struct ctl *ctl, const struct args *a);
int cmd_checkpoint_key(struct ctl *ctl, const struct args *a);
int cmd_export(struct ctl *ctl, const struct args *a);
extern const struct opt opts_checkpoint[], opts_checkpoint_list[],
    opts_export[];
int cmd_ping(struct ctl *ctl, const struct args *a);
int cmd_hello(struct ctl *ctl, const struct args *a);
int cmd_clock_now(struct ctl *ctl, const struct args *a);
int cmd_clock_set(struct ctl *ctl, const struct args *a);
int cmd_clock_advance(struct ctl *ctl, const struct args *a);
int cmd_import(struct ctl *ctl, const struct args *a);
int cmd_policy_check(struct ctl *ctl, const struct args *a);
int cmd_policy_show(struct ctl *ctl, const struct args *a);
int cmd_policy_diff(struct ctl *ctl, const struct args *a);
extern const struct opt opts_policy_diff[];
void more_policy_diff(const struct ctl *ctl);
int cmd_simulate(struct ctl *ctl, const struct args *a);
int cmd_units_import(struct ctl *ctl, const struct args *a);
int cmd_units_check(struct ctl *ctl, const struct args *a);
extern const struct opt opts_units_import[];

extern const struct opt opts_submit[], opts_show[], opts_list[], opts_act[],
    opts_alerts[], opts_ack[], opts_clocks[], opts_tasks[], opts_dead[],
    opts_drop[], opts_follow[], opts_clock_move[], opts_import[], opts_policy[],
    opts_verify[], opts_office[], opts_office_ack[];
extern const struct opt opts_explain[];
void more_explain(const struct ctl *ctl);
void more_act(const struct ctl *ctl);
void more_submit(const struct ctl *ctl);
void more_import(const struct ctl *ctl);
void more_bulletin(const struct ctl *ctl);
extern const struct opt opts_bulletin[];
extern const struct opt opts_simulate[];
int cmd_recover(struct ctl *ctl, const struct args *a);
extern const struct opt opts_recover[];
int cmd_migrate(struct ctl *ctl, const struct args *a);
extern const struct opt opts_migrate[];
int cmd_person(struct ctl *ctl, const struct args *a);
int cmd_erase_person(struct ctl *ctl, const struct args *a);
int cmd_seal_rotate(struct ctl *ctl, const struct args *a);
int cmd_seal_status(struct ctl *ctl, const struct args *a);
extern const struct opt opts_person[], opts_erase[], opts_seal_rotate[];
void more_erase(const struct ctl *ctl);
int cmd_backup(struct ctl *ctl, const struct args *a);
extern const struct opt opts_backup[];
void more_backup(const struct ctl *ctl);
void more_simulate(const struct ctl *ctl);

#endif /* DK_CTL_CTL_H */
