/* backup_keep.c - backups of a folder: their names, and how many are kept.
 *
 * Only files that bear such a name are ever removed, and only after a new one
 * is complete; the names sort by time.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "backup_keep.h"

#define FORM     "docket-YYYYMMDDTHHMMSSZ.db"
#define NAME_LEN (sizeof(FORM) - 1)

bool backup_is_name(const char *s)
{
    if (strlen(s) != NAME_LEN)
        return false;
    for (size_t i = 0; i < NAME_LEN; i++) {
        bool digit = strchr("YMDHS", FORM[i]) != NULL && i > 6;

        if (digit ? s[i] < '0' || s[i] > '9' : s[i] != FORM[i])
            return false;
    }
    return true;
}

int backup_name(const char *folder, int64_t now, char *out, size_t cap)
{
    time_t t = (time_t)now;
    struct tm tm;
    char at[sizeof("YYYYMMDDTHHMMSSZ")];

    if (gmtime_r(&t, &tm) == NULL ||
        strftime(at, sizeof(at), "%Y%m%dT%H%M%SZ", &tm) == 0)
        return -1;
    int n = snprintf(out, cap, "%s/docket-%s.db", folder, at);
    return n > 0 && (size_t)n < cap ? 0 : -1;
}

static int is_backup(const struct dirent *e)
{
    return backup_is_name(e->d_name);
}

int backup_prune(const char *folder, int keep, int *removed, char why[200])
{
    struct dirent **v = NULL;
    char path[4096];
    int n = scandir(folder, &v, is_backup, alphasort), rc = 0;

    *removed = 0;
    if (n < 0)
        (void)snprintf(why, 200, "%.100s: %s", folder, strerror(errno));
    for (int i = 0; i < n; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, v[i]->d_name);
        if (rc == 0 && i < n - keep && unlink(path) != 0) {
            (void)snprintf(why, 200, "%.150s: %s", path, strerror(errno));
            rc = -1;
        }
        *removed += rc == 0 && i < n - keep;
        free(v[i]);
    }
    free(v);
    return n < 0 ? -1 : rc;
}
