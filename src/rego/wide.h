// 128-bit integers, by a name: ISO C++ has none, both our compilers do.
#pragma once

namespace waybill::rego {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

}  // namespace waybill::rego
