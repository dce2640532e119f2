/* say.h - what docket-kiosk tells: facts for its caller on standard output,
 * one line each, and a log of key=value lines on standard error.
 */
#ifndef DK_KIOSK_SAY_H
#define DK_KIOSK_SAY_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/problem.h"

struct say {
    bool json;
    int sigfd;   /* a signal ends the wait for a reader who does not read */
    bool failed; /* standard output takes no more */
    uint64_t refused; /* lines, files and cases told as refused so far */
};

/* Where something came from: a file of the folder, or a line of stdin. */
struct say_from {
    const char *file; /* NULL: not a file */
    uint64_t line;    /* 0: not a line */
};

/* A case is in the spool: "taken ID", or "already ID" if it was before. */
void say_taken(struct say *s, const char *submission, bool already,
               const struct say_from *from);
/* Something handed in is no case: "refused line 3: SLUG at POINTER: ...". */
void say_bad(struct say *s, const struct say_from *from,
             const struct dk_problem *p);
/* The broker acknowledged: "case NUMBER code CODE"; `code` "": it gave none
 * (dk_reply_code), and what a person can do is said instead.
 */
void say_case(struct say *s, const char *submission, const char *case_no,
              const char *code);
/* The broker refused for good: "refused ID: SLUG at POINTER: ...". */
void say_refused(struct say *s, const char *submission,
                 const struct dk_problem *p);

/* The disk changed a case after it was taken: "damaged ID". */
void say_damaged(struct say *s, const char *submission);

struct spool_counts;
void say_status(struct say *s, const struct spool_counts *c);

#endif /* DK_KIOSK_SAY_H */
