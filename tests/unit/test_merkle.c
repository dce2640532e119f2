/* test_merkle.c - the tree that a checkpoint signs, and the checkpoint's text.
 */
#include "daemon/merkle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "proto/checkpoint.h"
#include "proto/problem.h"

#define MOST 1100

static uint8_t leaves[MOST][DK_HASH_LEN];

static void make_leaves(void)
{
    for (int i = 0; i < MOST; i++) {
        merkle_hash h;
        memset(h, i, sizeof h);
        merkle_leaf(i + 1, h, leaves[i]);
    }
}

/* By the definition of RFC 6962: split at the largest power of two below n. */
static void by_definition(const uint8_t (*v)[DK_HASH_LEN], int n,
                          merkle_hash out)
{
    merkle_hash left, right;
    int k = 1;

    if (n == 1) {
        memcpy(out, v[0], DK_HASH_LEN);
        return;
    }
    while (2 * k < n)
        k *= 2;
    by_definition(v, k, left);
    by_definition(v + k, n - k, right);
    merkle_node(left, right, out);
}

typedef const uint8_t (*rows)[DK_HASH_LEN];

static void every_way_gives_the_root_of_the_definition(void **state)
{
    struct merkle all = {.n = 0};

    (void)state;
    for (int n = 1; n <= MOST; n++) {
        merkle_hash want, got;
        struct merkle blocks = {.n = 0};

        merkle_push(&all, leaves[n - 1]);
        by_definition((rows)leaves, n, want);
        merkle_root(&all, got);
        assert_memory_equal(got, want, sizeof want);
        for (int at = 0; at < n; at += MERKLE_BLOCK) {
            int len = n - at < MERKLE_BLOCK ? n - at : MERKLE_BLOCK;
            merkle_hash block;
            merkle_root_of(leaves[at], (size_t)len, block);
            merkle_push(&blocks, block);
        }
        merkle_root(&blocks, got);
        assert_memory_equal(got, want, sizeof want);
    }
}

static void walk(const struct merkle_path *p, const merkle_hash leaf,
                 merkle_hash out)
{
    memcpy(out, leaf, DK_HASH_LEN);
    for (int i = 0; i < p->n; i++) {
        if (p->step[i].left)
            merkle_node(p->step[i].hash, out, out);
        else
            merkle_node(out, p->step[i].hash, out);
    }
}

static void a_path_leads_from_its_leaf_to_the_root_and_no_other(void **state)
{
    static uint8_t copy[MOST][DK_HASH_LEN];

    (void)state;
    for (int n = 1; n <= 70; n++) {
        merkle_hash root, got;
        merkle_root_of(leaves[0], (size_t)n, root);
        for (int i = 0; i < n; i++) {
            struct merkle_path p = {.n = 0};
            memcpy(copy, leaves, (size_t)n * DK_HASH_LEN);
            merkle_path_of(copy[0], (size_t)n, (size_t)i, &p);
            walk(&p, leaves[i], got);
            assert_memory_equal(got, root, sizeof root);
            walk(&p, leaves[i + 1], got); /* another leaf: another root */
            assert_memory_not_equal(got, root, sizeof root);
            if (p.n > 0) {
                p.step[0].left = !p.step[0].left;
                walk(&p, leaves[i], got);
                assert_memory_not_equal(got, root, sizeof root);
            }
        }
    }
}

static void a_leaf_is_no_node_and_knows_its_place(void **state)
{
    merkle_hash a, b, h = {7};

    (void)state;
    merkle_leaf(1, h, a);
    merkle_leaf(2, h, b);
    assert_memory_not_equal(a, b, sizeof a);
    /* The documented bytes, made by hand. */
    uint8_t text[41] = {0};
    text[7] = 0x01;
    text[8] = 0x02; /* 258 */
    memcpy(text + 9, h, sizeof h);
    merkle_leaf(258, h, a);
    crypto_generichash(b, sizeof b, text, sizeof text, NULL, 0);
    assert_memory_equal(a, b, sizeof a);
}

static struct dk_ckpt sample(void)
{
    struct dk_ckpt c = {.number = 12,
                        .from = 4001,
                        .to = 5120,
                        .cases = 37,
                        .sum = UINT64_C(0xfedcba9876543210),
                        .at = INT64_C(1798765200123)};

    memset(c.broker, 0xab, sizeof c.broker);
    memset(c.root, 0x01, sizeof c.root);
    memset(c.previous, 0xf0, sizeof c.previous);
    memset(c.key, 0x3c, sizeof c.key);
    return c;
}

static void a_text_is_read_back_as_it_was_written(void **state)
{
    struct dk_ckpt c = sample(), back;
    char text[DK_CKPT_TEXT];
    size_t len = dk_ckpt_write(&c, text);

    (void)state;
    assert_int_equal(len, strlen(text));
    assert_int_equal(dk_ckpt_read(text, len, &back), DK_OK);
    assert_int_equal(back.number, 12);
    assert_int_equal(back.from, 4001);
    assert_int_equal(back.to, 5120);
    assert_int_equal(back.cases, 37);
    assert_true(back.sum == c.sum);
    assert_int_equal(back.at, c.at);
    assert_memory_equal(back.broker, c.broker, sizeof c.broker);
    assert_memory_equal(back.root, c.root, sizeof c.root);
    assert_memory_equal(back.previous, c.previous, sizeof c.previous);
    assert_memory_equal(back.key, c.key, sizeof c.key);
}

static void any_other_byte_is_refused_or_another_text(void **state)
{
    struct dk_ckpt c = sample(), back;
    char text[DK_CKPT_TEXT], again[DK_CKPT_TEXT];
    size_t len = dk_ckpt_write(&c, text);

    (void)state;
    for (size_t cut = 0; cut < len; cut++)
        assert_int_equal(dk_ckpt_read(text, cut, &back), DK_EFIELD);
    for (size_t i = 0; i < len; i++) {
        for (int v = 1; v < 256; v++) {
            char was = text[i];
            text[i] = (char)(was ^ v);
            if (dk_ckpt_read(text, len, &back) == DK_OK) {
                assert_int_equal(dk_ckpt_write(&back, again), len);
                assert_memory_equal(again, text, len);
            }
            text[i] = was;
        }
    }
    text[len] = '\n';
    assert_int_equal(dk_ckpt_read(text, len + 1, &back), DK_EFIELD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_gives_the_root_of_the_definition),
        cmocka_unit_test(a_path_leads_from_its_leaf_to_the_root_and_no_other),
        cmocka_unit_test(a_leaf_is_no_node_and_knows_its_place),
        cmocka_unit_test(a_text_is_read_back_as_it_was_written),
        cmocka_unit_test(any_other_byte_is_refused_or_another_text),
    };

    if (sodium_init() < 0)
        return 1;
    make_leaves();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
