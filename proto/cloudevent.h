/* cloudevent.h - what docket tells others, as CloudEvents 1.0 in JSON.
 *
 * https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
 * (media type application/cloudevents+json).
 */
#ifndef DK_CLOUDEVENT_H
#define DK_CLOUDEVENT_H

#include <cjson/cJSON.h>

#include "jsonw.h"

#define DK_CLOUDEVENT_TYPE "application/cloudevents+json"

/* The attributes of one; NULL: it has none of it, but for id, source, type. */
struct dk_cloudevent {
    const char *id, *source, *type, *subject, *time;
    const char *sequence; /* of the extension: sorts as text */
};

/* Begins the object and writes its attributes.  The caller writes the member
 * `data` (a JSON value) and ends the object.
 */
void dk_cloudevent_begin(struct dk_jw *w, const struct dk_cloudevent *e);

/* An event as events.follow sends it: source urn:docket:BROKER, id its
 * sequence, type docket.case.TYPE, subject the case number.  What is hidden
 * from the reader is docket.case.hidden, without subject, time and data. `data`
 * has the event's other members as they are.  DK_EFIELD: it is no event.
 */
int dk_cloudevent_write(struct dk_jw *w, const cJSON *event);

#endif /* DK_CLOUDEVENT_H */
