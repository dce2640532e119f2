/* problem.h - what went wrong, for a program and for a person.
 *
 * Every fallible function of docket returns 0 or a negative DK_E code, and
 * fills a caller-supplied `struct dk_problem` where a person needs more than
 * the code.  On the wire a problem is an RFC 9457 problem object:
 *
 *   { "type": "urn:docket:problem:bad-field", "title": "...",
 *     "status": 422, "detail": "...", "detail_zh": "...",
 *     "pointer": "/subject", "retry_after_ms": 1000 }
 *
 * `type` is stable for ever; `title`, `detail` and `detail_zh` are for people
 * and may change.  `retry_after_ms` is present exactly where repeating the
 * same request later can help.
 */
#ifndef DK_PROBLEM_H
#define DK_PROBLEM_H

#include "dk_types.h"

/* X(name, slug, HTTP-like status, retry ms or 0, English title, Chinese title)
 * PROTOCOL.md prints this table; a test compares the two.
 */
#define DK_ERRORS(X)                                                           \
    X(FRAMES, "bad-frames", 400, 0,                                            \
      "The message does not have the frames of "                               \
      "this protocol",                                                         \
      "消息帧不符合协议")                                                      \
    X(VERSION, "bad-version", 400, 0,                                          \
      "The protocol version is not spoken "                                    \
      "here",                                                                  \
      "不支持该协议版本")                                                      \
    X(TYPE, "unknown-type", 404, 0, "There is no message of this type",        \
      "没有这种类型的消息")                                                    \
    X(JSON, "bad-json", 400, 0, "The body is not strict JSON",                 \
      "正文不是合格的 JSON")                                                   \
    X(TOOBIG, "too-large", 413, 0, "The body is too large", "正文过大")        \
    X(FIELD, "bad-field", 422, 0, "A field is missing or has a wrong value",   \
      "字段缺失或取值不正确")                                                  \
    X(NOTFOUND, "not-found", 404, 0, "There is nothing under this number",     \
      "查无此号")                                                              \
    X(CONFLICT, "conflict", 409, 0,                                            \
      "This id was used before for something "                                 \
      "else",                                                                  \
      "该编号已用于其他内容")                                                  \
    X(STATE, "wrong-state", 409, 0,                                            \
      "The case is not in a state that allows "                                \
      "this",                                                                  \
      "案件当前状态不允许此操作")                                              \
    X(STALE, "changed-meanwhile", 409, 0, "The case was changed meanwhile",    \
      "案件已被他人更改")                                                      \
    X(LIMIT, "limit-passed", 409, 0, "The time limit for this has passed",     \
      "该事项的期限已过")                                                      \
    X(RESPONDENT, "respondent", 409, 0,                                        \
      "Who is complained about may not "                                       \
      "handle the case",                                                       \
      "被反映人或单位不得办理本案")                                            \
    X(FORBIDDEN, "forbidden", 403, 0, "This is not allowed here",              \
      "此处不允许该操作")                                                      \
    X(LEASE, "stale-lease", 409, 0, "The lease of this task has ended",        \
      "任务租约已失效")                                                        \
    X(HELLO, "hello-first", 409, 0, "This peer has not said hello",            \
      "请先发送 hello")                                                        \
    X(KEY, "unknown-key", 401, 30000,                                          \
      "This key is not allowed here (any more)", "该密钥未获准或已被撤销")     \
    X(RATE, "too-many", 429, 1000, "Too many messages in too short a time",    \
      "请求过于频繁")                                                          \
    X(BUSY, "overloaded", 503, 1000, "The broker has too much to do",          \
      "系统繁忙，请稍后重试")                                                  \
    X(FULL, "storage-full", 507, 5000, "The disk of the broker is full",       \
      "服务器磁盘已满")                                                        \
    X(IO, "storage-failed", 503, 5000, "The store of the broker failed",       \
      "服务器存储故障")                                                        \
    X(SHUTDOWN, "shutting-down", 503, 2000, "The broker is shutting down",     \
      "服务正在停止")                                                          \
    X(TIMEOUT, "no-answer", 504, 1000, "No answer came in time",               \
      "未在限定时间内收到答复")                                                \
    X(NOMEM, "no-memory", 503, 1000, "Out of memory", "内存不足")              \
    X(BUG, "internal", 500, 0, "An error inside docket; please report it",     \
      "系统内部错误，请报告")

#define DK_ERR_ORDINAL(name, slug, status, retry, en, zh) DK_ORD_##name,
enum dk_err_ordinal {
    DK_ORD_OK = 0,
    DK_ERRORS(DK_ERR_ORDINAL) DK_ORD_N
};
#undef DK_ERR_ORDINAL

/* DK_EFRAMES, DK_EVERSION, ... are negative; 0 is DK_OK. */
#define DK_ERR_CODE(name, slug, status, retry, en, zh)                         \
    DK_E##name = -(int)DK_ORD_##name,
enum dk_err {
    DK_OK = 0,
    DK_ERRORS(DK_ERR_CODE)
};
#undef DK_ERR_CODE

struct dk_problem {
    int code;               /* a DK_E code; DK_OK when nothing is wrong */
    int64_t retry_after_ms; /* 0: repeating the same request cannot help */
    char pointer[128];      /* RFC 6901 pointer into the body, or "" */
    char detail[384];    /* a sentence in English: what, and how to mend it */
    char detail_zh[384]; /* the same in Chinese (zh-CN) */
};

/* No problem: cheaper than zeroing all of it. */
static inline void dk_problem_clear(struct dk_problem *p)
{
    p->code = DK_OK;
    p->retry_after_ms = 0;
    p->pointer[0] = p->detail[0] = p->detail_zh[0] = '\0';
}

/* Fill `p` (if not NULL) and return `code`.  `pointer` may be NULL; `en` and
 * `zh` may be NULL: the catalogue's title is used then.  Too long texts are
 * cut at a character's boundary, and what is not UTF-8 is left out.
 */
int dk_fail(struct dk_problem *p, int code, const char *pointer, const char *en,
            const char *zh);

/* As dk_fail(), with printf formats; both consume the same arguments, in the
 * same order.
 */
__attribute__((format(printf, 4, 6))) __attribute__((format(printf, 5, 6))) int
dk_failf(struct dk_problem *p, int code, const char *pointer, const char *en,
         const char *zh, ...);

const char *dk_err_slug(int code);     /* "bad-field"; "internal" if unknown */
const char *dk_err_title(int code);    /* English */
const char *dk_err_title_zh(int code); /* Chinese */
int dk_err_status(int code);
int64_t dk_err_retry_ms(int code);
int dk_err_from_slug(const char *slug); /* DK_EBUG if unknown */

struct dk_jw;
struct cJSON;

/* Write `p` as an RFC 9457 object. */
void dk_problem_write(struct dk_jw *w, const struct dk_problem *p);

/* The same as the answer to request id `request`, which it names ("": cannot):
 * who sits on the line can put a body behind the frames of another message.
 */
void dk_problem_answer(struct dk_jw *w, const struct dk_problem *p,
                       const char *request);

/* Read a problem object that a peer sent; never fails: what cannot be read is
 * left empty and the code is DK_EBUG.
 */
void dk_problem_read(const struct cJSON *body, struct dk_problem *out);

#endif /* DK_PROBLEM_H */
