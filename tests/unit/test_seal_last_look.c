/* The last look before old seal keys go, which nothing brings back: whatever
 * the work before it believes, a key that a row names stays, and so it does
 * when the store cannot tell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/daemon.h"
#include "tests/support/folder.h"

/* ---- a store that is a list of the keys in use ----------------------------
 */

static struct {
    int64_t used[4]; /* rising */
    int n, asked;
    int checkpoint, next; /* what they answer instead, if not 0 */
} fake;

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's --wrap */
int __wrap_store_checkpoint(struct store *st, bool whole);
int __wrap_store_checkpoint(struct store *st, bool whole)
{
    (void)st;
    assert_true(whole); /* the log has the old rows still */
    return fake.checkpoint;
}

int __wrap_store_next_seal(struct store *st, int64_t after, int64_t *out);
int __wrap_store_next_seal(struct store *st, int64_t after, int64_t *out)
{
    (void)st;
    fake.asked++;
    if (fake.next != 0)
        return fake.next;
    for (int i = 0; i < fake.n; i++) {
        if (fake.used[i] > after) {
            *out = fake.used[i];
            return DK_OK;
        }
    }
    return DK_ENOTFOUND;
}
/* NOLINTEND(bugprone-reserved-identifier) */

/* ---- a broker that has sealed all rows anew, or thinks so ------------------
 */

struct room {
    char dir[64], file[96];
    struct daemon d;
    int64_t old; /* the key before the one in use */
};

static int enter(void **state)
{
    struct room *r = calloc(1, sizeof *r);
    struct persons *s = &r->d.persons;
    bool made;

    memset(&fake, 0, sizeof fake);
    folder_make(r->dir, sizeof(r->dir), "dklook");
    snprintf(r->file, sizeof(r->file), "%s/seal.key", r->dir);
    unsetenv("CREDENTIALS_DIRECTORY");
    assert_true(sodium_init() >= 0);
    seal_init(&s->ring, 330699, r->file);
    assert_int_equal(seal_load(&s->ring, true, &made, NULL), 0);
    r->old = seal_current(&s->ring);
    assert_int_equal(seal_new_key(&s->ring, NULL), 0);
    r->d.info.seal = seal_current(&s->ring);
    s->on = true;
    s->from = STORE_ERASED; /* no older key is left to do */
    fake.used[fake.n++] = seal_current(&s->ring);
    *state = r;
    return 0;
}

static int leave(void **state)
{
    struct room *r = *state;

    seal_fini(&r->d.persons.ring);
    unlink(r->file);
    rmdir(r->dir);
    free(r);
    return 0;
}

/* As the file has it: how many keys there are. */
static int kept(const struct room *r)
{
    struct seal s;
    bool made;

    seal_init(&s, 330699, r->file);
    assert_int_equal(seal_load(&s, false, &made, NULL), 0);
    int n = s.n;
    seal_fini(&s);
    assert_int_equal(n, r->d.persons.ring.n);
    return n;
}

static void needs_old(const struct room *r)
{
    int64_t now = seal_current(&r->d.persons.ring);

    fake.used[0] = r->old < now ? r->old : now;
    fake.used[1] = r->old < now ? now : r->old;
    fake.n = 2;
}

static void what_nothing_needs_goes(void **state)
{
    struct room *r = *state;

    persons_settle(&r->d, DK_OK);
    assert_int_equal(kept(r), 1);
    assert_false(r->d.persons.on);
    assert_true(fake.asked > 0);
}

static void a_key_that_a_row_names_stays(void **state)
{
    struct room *r = *state;

    needs_old(r);
    persons_settle(&r->d, DK_OK);
    assert_int_equal(kept(r), 2);
    assert_false(r->d.persons.on); /* until the next start seals it anew */
    persons_house(&r->d);
    assert_int_equal(kept(r), 2);
}

static void a_row_that_cannot_be_read_keeps_its_key(void **state)
{
    struct room *r = *state;

    r->d.persons.stuck = 1;
    persons_settle(&r->d, DK_OK);
    assert_int_equal(kept(r), 2);
    assert_int_equal(fake.asked, 0);
}

static void a_store_that_cannot_tell_is_asked_again(void **state)
{
    static const int codes[] = {DK_ENOMEM, DK_EFULL, DK_EBUSY};
    struct room *r = *state;

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        fake.next = codes[i];
        persons_settle(&r->d, DK_OK);
        assert_int_equal(kept(r), 2);
        fake.next = 0;
        fake.checkpoint = codes[i];
        persons_house(&r->d);
        assert_int_equal(kept(r), 2);
        fake.checkpoint = 0;
        assert_true(r->d.persons.on);
        assert_int_equal(r->d.exit_code, 0);
    }
    persons_house(&r->d);
    assert_int_equal(kept(r), 1);
}

static void a_failed_disk_drops_nothing_and_stops(void **state)
{
    struct room *r = *state;

    fake.next = DK_EIO;
    r->d.base = event_base_new();
    persons_settle(&r->d, DK_OK);
    assert_int_equal(kept(r), 2);
    assert_int_equal(r->d.exit_code, EX_IOERR);
    event_base_free(r->d.base);
}

#define T(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_nothing_needs_goes),
        T(a_key_that_a_row_names_stays),
        T(a_row_that_cannot_be_read_keeps_its_key),
        T(a_store_that_cannot_tell_is_asked_again),
        T(a_failed_disk_drops_nothing_and_stops),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
