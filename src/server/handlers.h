// The handlers behind the rows of routes.cc, one file a family.
#pragma once

#include "waybill/server/routes.h"

namespace waybill::server {

#define WAYBILL_HANDLER(name) Result<http::Response> name(Context& context)

// routes_evidence.cc
WAYBILL_HANDLER(post_evidence);
WAYBILL_HANDLER(show_document);
WAYBILL_HANDLER(show_document_facts);
WAYBILL_HANDLER(show_document_proof);
WAYBILL_HANDLER(post_advisories);
WAYBILL_HANDLER(list_advisories);
// routes_deployments.cc
WAYBILL_HANDLER(post_deployment);
WAYBILL_HANDLER(list_deployments);
WAYBILL_HANDLER(show_deployment);
WAYBILL_HANDLER(show_dbom);
WAYBILL_HANDLER(list_services);
WAYBILL_HANDLER(show_service);
WAYBILL_HANDLER(list_environments);
WAYBILL_HANDLER(post_configuration);
WAYBILL_HANDLER(list_configuration);
// routes_decisions.cc
WAYBILL_HANDLER(post_decision);
WAYBILL_HANDLER(list_decisions);
WAYBILL_HANDLER(show_decision);
WAYBILL_HANDLER(replay_decision);
WAYBILL_HANDLER(post_approval);
WAYBILL_HANDLER(list_approvals);
WAYBILL_HANDLER(list_exceptions);
WAYBILL_HANDLER(post_exception);
WAYBILL_HANDLER(approve_exception_route);
WAYBILL_HANDLER(revoke_exception_route);
WAYBILL_HANDLER(list_policies);
WAYBILL_HANDLER(post_policy);
// routes_subjects.cc
WAYBILL_HANDLER(list_subjects);
WAYBILL_HANDLER(show_subject);
WAYBILL_HANDLER(search_all);
// routes_vulnerabilities.cc
WAYBILL_HANDLER(list_vulnerabilities);
WAYBILL_HANDLER(show_vulnerability);
WAYBILL_HANDLER(trace_of);
// routes_overview.cc
WAYBILL_HANDLER(show_status);
WAYBILL_HANDLER(show_overview);
// routes_deliveries.cc
WAYBILL_HANDLER(list_deliveries);
WAYBILL_HANDLER(show_delivery);
// routes_log.cc
WAYBILL_HANDLER(list_entries);
WAYBILL_HANDLER(show_entry);
WAYBILL_HANDLER(show_timeline);
WAYBILL_HANDLER(show_checkpoint);
WAYBILL_HANDLER(show_tile);
WAYBILL_HANDLER(show_proof);
// routes_running.cc
WAYBILL_HANDLER(begin_session);
WAYBILL_HANDLER(show_session);
WAYBILL_HANDLER(end_session);
WAYBILL_HANDLER(list_tokens);
WAYBILL_HANDLER(post_token);
WAYBILL_HANDLER(delete_token);
WAYBILL_HANDLER(show_events);
WAYBILL_HANDLER(show_metrics);
WAYBILL_HANDLER(show_health);
WAYBILL_HANDLER(show_ready);
WAYBILL_HANDLER(show_openapi);

#undef WAYBILL_HANDLER

}  // namespace waybill::server
