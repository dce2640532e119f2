/* fuzz_door.c - messages of any content, from clients and workers, into a whole
 * broker with its store in memory (office.h).  It answers everything with what
 * anybody can read, does not stop, and what it keeps is in order afterwards.
 */
#include "office.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char hello[] =
        "{\"service\":\"deadline\",\"worker\":\"w\",\"credit\":4}";

    CHECK(office_open("mem:") == 0);
    CHECK(office_say(true, "hello", "h", hello, sizeof(hello) - 1));
    CHECK(office_lines((const char *)data, size));
    office.line_cut = false;
    int64_t before = office.answers;
    CHECK(office_say(false, "verify", "verify", "{}", 2));
    CHECK(office.answers > before && !office.faults);
    office_close();
    return 0;
}
