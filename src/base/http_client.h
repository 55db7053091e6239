// Outgoing HTTP by libcurl, which is opened at first use: a command that calls nobody pays nothing for it.
//
// Follows no redirects, checks certificates, honours the proxy variables. Blocking; thread-safe.
#pragma once

#include "waybill/base/http.h"

namespace waybill::http {

// Errors: unavailable (no libcurl, no connection, time-out) with what to do.
Client& curl_client();

}  // namespace waybill::http
