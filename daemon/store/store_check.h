/* store_check.h - does the store still say what was written?  The end of
 * store.h, which includes it.
 */
#ifndef DK_STORE_CHECK_H
#define DK_STORE_CHECK_H

/* ---- checking (docketctl verify) --------------------------------------- */

/* While this is on, a row that no store could have written (a hash of another
 * size, a text that is no case) is DK_EJSON of the call that reads it, and not
 * the end of the store: whoever looks for damage wants to see all of it.
 */
void store_check(struct store *st, bool on);

/* Keys > after, rising, each once, of which there is anything: a case, an
 * event, a clock, an alert or a co-handler.
 */
typedef int (*store_key_fn)(void *arg, int64_t key);
int store_list_keys(struct store *st, int64_t after, int64_t limit,
                    store_key_fn fn, void *arg);

/* What the events of a case give, to be held against what is kept of it. */
struct store_want {
    const struct dk_case *c;         /* replayed, with its hash; n is 0: none */
    int32_t county;                  /* in its number */
    const struct store_alert *alert; /* in order of n; `body` does not matter */
    size_t n_alert;
    const struct store_alert_ack *ack;
    size_t n_ack;
    const struct store_request *request; /* its submission; NULL: not known */
};

struct store_finding {
    const char *what; /* a word of PROTOCOL.md, "Faults"; NULL: none */
    char detail[240]; /* a sentence; never what people wrote */
};

/* The first thing in which the rows of case `key` are not what store_commit()
 * would have made of `w`.
 */
int store_check_case(struct store *st, int64_t key, const struct store_want *w,
                     struct store_finding *out);

/* The totals, counted.  Events are numbered, so theirs is the last number. */
int store_recount(struct store *st, struct store_totals *out);

#endif /* DK_STORE_CHECK_H */
