#include "utc.h"

/* Years of 400 count from March, so that leap days come last. */
struct utc utc_of(int64_t seconds)
{
    uint64_t s = seconds > 0 ? (uint64_t)seconds : 0;
    uint64_t days = s / 86400 + 719468;         /* from the first of March of the year 0 */
    uint64_t era = days / 146097, day = days % 146097;
    uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365, month;

    day -= 365 * year + year / 4 - year / 100;
    month = (5 * day + 2) / 153;
    return (struct utc){ (unsigned)(year + era * 400 + (month >= 10)), (unsigned)(month < 10 ? month + 3 : month - 9),
                         (unsigned)(day - (153 * month + 2) / 5 + 1), (unsigned)(s / 3600 % 24), (unsigned)(s / 60 % 60), (unsigned)(s % 60) };
}
