/* fuzz_store.c - a store's file with any bytes changed or its end cut off: the
 * broker refuses it, or serves it, or stops; it never dies of it, and what it
 * sends is well formed.
 *
 * Input: four bytes a change (three of position, one of value), then as many
 * lines for the broker as are left (after a byte 0xff).
 */
#include <sys/stat.h>
#include <unistd.h>

#include "office.h"

#define CHANGES_MAX 24

static char folder[48], path[64], wal[72], lock[72];
static char *image;
static size_t image_len;

static void clean(void)
{
    unlink(path);
    unlink(wal);
    unlink(lock);
}

/* What lies beside the database, too. */
static void clean_all(void)
{
    static const char *const keys[] = {"seal.key", "checkpoint.key",
                                       "docket.db.lock", "docket.lock",
                                       "docket.db-shm"};
    char key[96];

    clean();
    for (int i = 0; i < 5; i++) {
        (void)snprintf(key, sizeof(key), "%s/%s", folder, keys[i]);
        unlink(key);
    }
    rmdir(folder);
}

/* A small office with a few cases, clocks, alerts and tasks, made once. */
static void make_image(void)
{
    size_t len;
    char url[96];
    char *text = fuzz_read("tests/fuzz/corpus/fuzz_door/day", &len);

    (void)snprintf(folder, sizeof(folder), "/dev/shm/dk-fuzz-%d", getpid());
    CHECK(mkdir(folder, 0700) == 0);
    office_folder = folder;
    (void)snprintf(path, sizeof(path), "%s/docket.db", folder);
    (void)snprintf(wal, sizeof(wal), "%s-wal", path);
    (void)snprintf(lock, sizeof(lock), "%s-journal", path);
    (void)snprintf(url, sizeof(url), "sqlite:%s", path);
    clean();
    atexit(clean_all);
    CHECK(office_open(url) == 0);
    CHECK(office_say(true, "hello", "h",
                     "{\"service\":\"deadline\",\"worker\":\"w\",\"credit\":4}",
                     46));
    CHECK(office_lines(text, len));
    office_close();
    free(text);
    image = fuzz_read(path, &image_len);
    CHECK(image_len >= 4096);
}

static const uint8_t *damage(char *bytes, size_t *len, const uint8_t *data,
                             const uint8_t *end)
{
    for (int i = 0; i < CHANGES_MAX && end - data >= 4 && data[0] != 0xff;
         i++) {
        size_t at = ((size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2]) %
                    image_len;
        if (data[3] == 0 && i == 0 && (at & 7) == 0)
            *len = at; /* the end is cut off */
        else
            bytes[at] = (char)data[3];
        data += 4;
    }
    return data < end && data[0] == 0xff ? data + 1 : data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const reads[] = {
        "C case.list {\"limit\":50}\nC alert.list {}\nC clock.list {}\n",
        "C task.list {}\nC task.list {\"dead\":true}\nC office.list {}\n",
        "C case.get {\"case_no\":\"$C\"}\nC case.events {\"case_no\":\"$C\"}\n",
        "C events.follow {\"from\":1,\"credit\":100}\nC stats {}\n"};
    const uint8_t *end = data + size;
    char url[96];

    if (image == NULL)
        make_image();
    char *bytes = malloc(image_len);
    size_t len = image_len;
    CHECK(bytes != NULL);
    memcpy(bytes, image, image_len);
    data = damage(bytes, &len, data, end);
    clean();
    FILE *f = fopen(path, "wb");
    CHECK(f != NULL && fwrite(bytes, 1, len, f) == len && fclose(f) == 0);
    free(bytes);
    (void)snprintf(url, sizeof(url), "sqlite:%s", path);
    bool on = office_open(url) == 0;
    office.damaged = true;
    for (int i = 0; on && i < 4; i++)
        on = office_lines(reads[i], strlen(reads[i]));
    on = on && office_say(false, "verify", "verify", "{}", 2);
    if (on)
        (void)office_lines((const char *)data, (size_t)(end - data));
    office_close();
    return 0;
}
