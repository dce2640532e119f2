#include "who.h"

#include <string.h>

#include "jsonx.h"

static bool is_name(const char *s, size_t max)
{
    size_t n = strlen(s);

    if (n == 0 || n > max || dk_utf8_valid(s, n) != n || s[0] == '#')
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c <= ' ' || c == 0x7f || strchr("\"'/\\", c) != NULL)
            return false;
    }
    return true;
}

int dk_name_check(const char *name, int max, const char *pointer,
                  struct dk_problem *p)
{
    if (is_name(name, (size_t)max))
        return DK_OK;
    return dk_failf(p, DK_EFIELD, pointer,
                    "'%.70s' is not a name: 1 to %d bytes without spaces, "
                    "quotes or slashes, and no # in front",
                    "“%.70s”不是有效名称：须为 1 至 %d 字节，不含空格、引号和"
                    "斜杠，不以 # 开头",
                    name, max);
}
