/* folder.h - cases as files dropped into a folder.
 *
 * A file NAME.json is written under another name and renamed into the folder,
 * so what is seen is whole.  After it is in the spool it goes to taken/, a
 * file that is no case to refused/ with NAME.json.problem.json beside it.
 */
#ifndef DK_KIOSK_FOLDER_H
#define DK_KIOSK_FOLDER_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>

#include "proto/dk_types.h"
#include "proto/problem.h"

#define FOLDER_RESCAN_MS 2000 /* where changes are not told, as on NFS */

struct folder {
    int dir;       /* -1: no folder */
    int notify;    /* readable when something changed; -1: not told here */
    DIR *scan;     /* NULL: none under way */
    bool changed;  /* since the scan began */
    dk_ms scan_at; /* monotonic: next scan at the latest */
    int found;     /* files in the scan under way */
    bool stuck;    /* a file of this scan could not be moved */
    bool empty;    /* the last scan, begun after every change, found nothing */
};

/* Makes taken/ and refused/.  DK_ENOTFOUND, DK_EFORBIDDEN: with a sentence. */
int folder_open(struct folder *f, const char *path, struct dk_problem *p);
void folder_close(struct folder *f);

/* The next file's name: 1, or 0 when the scan is through (and no other is due
 * at `now`).
 */
int folder_next(struct folder *f, dk_ms now, char name[NAME_MAX + 1]);

/* Read notify until nothing is there. */
void folder_notified(struct folder *f);

/* The bytes of a file of at most `max` bytes, which the caller frees.
 * DK_ENOTFOUND: it is gone again.  Any other code: it is to be refused.
 */
int folder_read(const struct folder *f, const char *name, size_t max,
                char **out, size_t *len, struct dk_problem *p);

/* Move a file away.  0, or DK_EIO (said in *p): it will be found again. */
int folder_taken(struct folder *f, const char *name, const char *id,
                 struct dk_problem *p);
int folder_refuse(struct folder *f, const char *name, const char *id,
                  const struct dk_problem *reason, struct dk_problem *p);

#endif /* DK_KIOSK_FOLDER_H */
