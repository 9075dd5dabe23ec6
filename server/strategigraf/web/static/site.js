// What every page does where scripts run; all of it works without them too.
"use strict";
