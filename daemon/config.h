/* config.h - what the operator decided: defaults, then the file, then the
 * command line.
 */
#ifndef DK_CONFIG_H
#define DK_CONFIG_H

#include <stdbool.h>

#include "daemon/log.h"
#include "proto/problem.h"

#define CONFIG_DEFAULT_FILE "/etc/docket/docketd.conf"

struct config {
    char data[512];
    char store[640];                   /* URL; "" = sqlite:DATA/docket.db */
    char name[48];                     /* among several brokers; "" = alone */
    char clients[1024], workers[1024]; /* endpoints, space between them */
    int64_t county;                    /* -1: not given yet */
    int offset_min;                    /* the office's zone, east of UTC */
    bool test_clock;
    dk_ms test_time;
    int64_t batch; /* most commands in one transaction */
    int64_t heartbeat_ms, lease_ms, max_attempts, followers;
    int64_t query_tries, query_pause_s; /* wrong codes of one peer for a case */
    char keys[512];                     /* who may talk; "" = DATA/keys */
    char curve_secret[512];             /* "" = DATA/curve.secret */
    int64_t rate, burst;   /* messages of one peer, a second; 0: no limit */
    int64_t full_pause_ms; /* without writing, after the disk was full */
    int64_t log;           /* enum log_level */
    int64_t ballast_mb;    /* room kept back, daemon/ballast.h; 0: none */
    struct {
        char key[640]; /* ring of keys; "" = DATA/seal.key */
        char lost[24]; /* id of a key that is lost for ever; "": none */
    } seal;
    struct { /* the office's own alerts, daemon/watch.h; 0: off */
        int64_t no_worker_s, unassigned_h, queue_min, disk_mb, clock_jump_s;
        char backup[512]; /* file or folder; "": off */
        int64_t backup_h;
        int64_t settle_s; /* so long a cause must be there, or gone */
        int64_t look_s;   /* between two looks at disk and backup */
        int64_t repeat_h, ack_h;
    } watch;
    struct {
        int64_t checkpoint_min; /* 0: only on demand */
        char key[512];          /* file; "": beside the database */
        char old_keys[544];     /* public ones, in hex */
    } history;
};

void config_defaults(struct config *c);

/* Set one value by "section.key"; DK_EFIELD: unknown (with the nearest) or a
 * bad value.  The same table feeds the file and the command line.
 */
int config_set(struct config *c, const char *name, const char *value,
               struct dk_problem *p);

/* Read an INI file.  All its mistakes are written to `errors` as lines
 * "FILE:LINE: sentence".  DK_ENOTFOUND: cannot be read; DK_EFIELD: mistakes.
 */
int config_load(struct config *c, const char *file, char *errors, size_t cap);

/* What only the whole can tell: county given, data folder given, ipc path
 * length, endpoints different.
 */
int config_check(const struct config *c, struct dk_problem *p);

/* The endpoints of `list` one after the other: start with *at = list; false at
 * the end, or (with *at not at its end) when one is too long for buf.
 */
bool config_endpoint(const char **at, char *buf, size_t cap);
bool config_is_tcp(const char *endpoint);
/* True for ipc://, and tcp:// on 127.0.0.0/8 or [::1]. */
bool config_is_local(const char *endpoint);
bool config_has_endpoint(const char *list, const char *endpoint);

#endif /* DK_CONFIG_H */
