/* caseno.h - case numbers: COUNTY-YYYYMMDD-NNNNNN-C.
 *
 * COUNTY is the county's six digits (GB/T 2260), the date is the office's day
 * of receipt, NNNNNN counts from 000001 each day without gaps, C is the check
 * digit of ISO 7064 MOD 11,10 over the twenty digits before it: it catches
 * every single wrong digit and most swapped neighbours, the slips people make
 * when they read a number over the telephone.
 *
 * Inside docket a case's key is the integer YYYYMMDD * 1000000 + NNNNNN: keys
 * rise with time, so new rows always go to the end of the table.
 */
#ifndef DK_CASENO_H
#define DK_CASENO_H

#include <stdbool.h>

#include "dk_types.h"
#include "timefmt.h"

#define DK_DAY_CASES_MAX 999999

/* The digit of ISO 7064 MOD 11,10 that checks the n digits of d. */
char dk_check_digit(const char *d, size_t n);

int64_t dk_case_key(struct dk_date day, int32_t seq);
struct dk_date dk_case_key_day(int64_t key);
int32_t dk_case_key_seq(int64_t key);
/* `county` is 0..999999. */
void dk_case_no_format(int32_t county, int64_t key, char buf[DK_CASE_NO_MAX]);
/* Hyphens may be left out.  DK_EFIELD: not a case number, or its check digit
 * is wrong.
 */
int dk_case_no_parse(const char *s, int32_t *county, int64_t *key);
/* The number of a case, as dk_case_no_format() writes it; false: no case can
 * have this key (a damaged row's, say).
 */
bool dk_case_no_of(int32_t county, int64_t key, char buf[DK_CASE_NO_MAX]);

#endif /* DK_CASENO_H */
