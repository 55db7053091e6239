// Policies: rules over what is known, and the decisions that come of them. The front door.
//
// Called by gate/ and server/ (questions), report/ (decisions in a DBoM), notify/ and the command line. It takes facts
// from the graph, lets Rego judge them, and writes what was decided into the log. It never fetches anything, and no rule
// ever sees a clock, a network or a secret.
//
//   ask ──▶ decide.h ──▶ policy_set.h  which rules hold here
//              │     ──▶ input.h       the one document that they see
//              │     ──▶ verdict.h     outcomes → exceptions → mode → worst
//              ▼
//           decision.h ──▶ render.h, replay.h;  standing.h asks again when facts change
#pragma once

#include "waybill/policy/decide.h"
#include "waybill/policy/decision.h"
#include "waybill/policy/exceptions.h"
#include "waybill/policy/pack.h"
#include "waybill/policy/policy_set.h"
#include "waybill/policy/render.h"
#include "waybill/policy/replay.h"
#include "waybill/policy/standing.h"
#include "waybill/policy/words.h"
