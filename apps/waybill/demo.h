// The demonstration: a delivery played through a running server, step by step, over its own API.
//
// Everything is the real thing at work: real documents, a real log, real verdicts. What is expected of each step is checked;
// the first one that does not go as told makes the whole demonstration fail.
#pragma once

#include <string>

#include "waybill/base/result.h"

namespace waybill::cli {

struct DemoSetting {
  std::string url, admin_token;  // of the running server
  std::string data_dir;          // documents are written to DIR/demo
  std::string source_dir;        // a checkout, for provenance and tests; "" when there is none
};

// True when all went as told. Prints a line and a command for each step.
bool play_demo(const DemoSetting& setting);

}  // namespace waybill::cli
