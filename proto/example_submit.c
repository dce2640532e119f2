/* Submit a case: docket-example ENDPOINT SUBJECT FACTS */
#include <stdio.h>
#include <unistd.h>

#include "proto/client.h"
#include "proto/jsonw.h"

int main(int argc, char **argv)
{
    struct dk_problem p = {0};
    struct dk_reply r = {0};
    struct dk_jw w = {0};
    char id[DK_UUID_TEXT];
    struct dk_client *c = NULL;
    int rc = DK_ETIMEOUT;

    if (argc != 4 || (c = dk_client_open(argv[1], NULL, &p)) == NULL)
        return 64;
    dk_client_uuid(id); /* once for this submission, however often it is sent */
    dk_jw_obj(&w, NULL);
    dk_jw_str(&w, "submission_id", id);
    dk_jw_str(&w, "channel", "online");
    dk_jw_str(&w, "subject", argv[2]);
    dk_jw_str(&w, "facts", argv[3]);
    dk_jw_end_obj(&w);
    for (int i = 0; rc != 0 && i < 5; i++) {
        rc = dk_client_call(c, "case.submit", w.buf, 3000, &r, &p);
        if (rc != 0 && p.retry_after_ms == 0)
            break; /* asking again cannot help */
        if (rc != 0)
            (void)usleep((useconds_t)p.retry_after_ms * 1000);
    }
    (void)puts(rc != 0 ? p.detail
                       : cJSON_GetObjectItem(r.json, "case_no")->valuestring);
    dk_reply_free(&r);
    dk_client_close(c);
    dk_jw_fini(&w);
    return rc == 0 ? 0 : 1;
}
