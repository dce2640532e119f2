/* explain_run.h - docket-deadline --explain: why a case stands where it stands.
 */
#ifndef DK_WORKER_EXPLAIN_RUN_H
#define DK_WORKER_EXPLAIN_RUN_H

struct explain_files {
    const char *policy, *calendar;
    const char *book; /* NULL: ids instead of names */
    const char *lang; /* "zh-CN" or "en" */
    int json;
};

/* Read a case with its events as JSON from standard input (core/explain.h) and
 * write the explanation to standard output.  The exit status: 0; 65 it is no
 * such document; 78 a file has mistakes, which are printed; 71, 74.
 */
int explain_run(const struct explain_files *f);

#endif /* DK_WORKER_EXPLAIN_RUN_H */
