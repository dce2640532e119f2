/* fuzz_config.c - a configuration file of any content: what is taken can be
 * judged as a whole, what is not has its lines of reasons.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    static char path[64];
    char errors[4096];
    struct dk_problem p = {0};
    struct config c;

    if (fd < 0) {
        fd = memfd_create("conf", 0);
        CHECK(fd >= 0);
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    CHECK(ftruncate(fd, 0) == 0);
    CHECK(pwrite(fd, data, size, 0) == (ssize_t)size);
    config_defaults(&c);
    int rc = config_load(&c, path, errors, sizeof(errors));
    CHECK(rc == 0 || rc == DK_EFIELD);
    CHECK(strlen(errors) < sizeof(errors) && (rc == 0) == (errors[0] == '\0'));
    rc = config_check(&c, &p);
    CHECK((rc == 0) == (p.code == 0) && (rc == 0 || p.detail[0] != '\0'));
    return 0;
}
