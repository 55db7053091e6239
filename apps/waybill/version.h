#pragma once
#include <string_view>
namespace waybill::cli {
inline constexpr std::string_view kVersion = WAYBILL_VERSION;
}
