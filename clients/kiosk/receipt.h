/* receipt.h - the number on a receipt that was given before the office's.
 *
 * K, thirteen digits and a check digit (ISO 7064 MOD 11,10, as in case
 * numbers): the last 40 bits of the submission's id, which are chance (RFC
 * 9562, version 7).  Whoever has the number may ask this kiosk what became of
 * the matter, so it is as good as the query code, and wrong ones are counted.
 */
#ifndef DK_KIOSK_RECEIPT_H
#define DK_KIOSK_RECEIPT_H

#include "proto/dk_types.h"
#include "proto/problem.h"

#define RECEIPT_MAX 16 /* bytes with the NUL */
#define RECEIPT_HEX 10 /* digits of the id that it says */

/* `submission` is a UUID in text. */
void receipt_format(const char *submission, char out[RECEIPT_MAX]);

/* The last digits of the id, from what a person typed: blanks, hyphens and a
 * missing or small K do not matter.  0, or DK_EFIELD: it is no such number.
 */
int receipt_parse(const char *text, char hex[RECEIPT_HEX + 1]);

#endif /* DK_KIOSK_RECEIPT_H */
