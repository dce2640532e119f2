# What `cmake --install` puts where, and the Debian packages that CPack makes of
# it: one component, one package.
#
#     cmake --preset release && cmake --build build/release
#     cpack --config build/release/CPackConfig.cmake -B build/packages
set(DK_UNIT_DIR lib/systemd/system)
set(DK_SHARE ${CMAKE_INSTALL_DATADIR}/docket)

# Paths of the build are in no program, so two builds are the same bytes.
foreach(target dkproto dkjournal docketclient dkcore dkstore dkdaemon dkworker dkhttp
    dkkiosk dktie dkmetrics dkrelay dkweb dknotify docketctl_lib docketd docketctl
    docket-kiosk docket-web docket-notify docket-relay docket-metrics
    docket-assign docket-deadline docket-escalate docket-simulate)
  if(TARGET ${target})
    target_compile_options(${target} PRIVATE
      -ffile-prefix-map=${PROJECT_BINARY_DIR}=build
      -ffile-prefix-map=${PROJECT_SOURCE_DIR}=.)
  endif()
endforeach()

# A unit names programs by where this build installs them.
function(dk_units component)
  foreach(unit ${ARGN})
    file(READ ${PROJECT_SOURCE_DIR}/systemd/${unit} text)
    string(REPLACE "/usr/bin/" "${CMAKE_INSTALL_FULL_BINDIR}/" text "${text}")
    file(WRITE ${PROJECT_BINARY_DIR}/units/${unit}.new "${text}")
    file(COPY_FILE ${PROJECT_BINARY_DIR}/units/${unit}.new
      ${PROJECT_BINARY_DIR}/units/${unit} ONLY_IF_DIFFERENT)
    install(FILES ${PROJECT_BINARY_DIR}/units/${unit}
      DESTINATION ${DK_UNIT_DIR} COMPONENT ${component})
  endforeach()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${PROJECT_SOURCE_DIR}/systemd/docketd.service)
endfunction()

# A file of /etc/docket: an operator's own is never written over.
function(dk_conf component from to)
  install(CODE "
    set(to \"${CMAKE_INSTALL_FULL_SYSCONFDIR}/docket/${to}\")
    if(EXISTS \"\$ENV{DESTDIR}\${to}\")
      message(STATUS \"Kept: \$ENV{DESTDIR}\${to}\")
    else()
      get_filename_component(folder \"\$ENV{DESTDIR}\${to}\" DIRECTORY)
      file(MAKE_DIRECTORY \${folder})
      message(STATUS \"Installing: \$ENV{DESTDIR}\${to}\")
      configure_file(\"${PROJECT_SOURCE_DIR}/${from}\"
        \"\$ENV{DESTDIR}\${to}\" COPYONLY)
      file(CHMOD \"\$ENV{DESTDIR}\${to}\" PERMISSIONS
        OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
    endif()" COMPONENT ${component})
endfunction()

function(dk_man component)
  foreach(page ${ARGN})
    string(REGEX REPLACE ".*\\.([1-8])$" "\\1" section ${page})
    foreach(lang "" /zh_CN)
      set(from ${PROJECT_SOURCE_DIR}/docs/man${lang}/${page})
      set(to ${PROJECT_BINARY_DIR}/man${lang}/${page}.gz)
      if(NOT EXISTS ${from})
        continue()
      endif()
      file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/man${lang})
      execute_process(COMMAND gzip -9nc ${from} OUTPUT_FILE ${to}
        COMMAND_ERROR_IS_FATAL ANY)
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${from})
      install(FILES ${to} COMPONENT ${component}
        DESTINATION ${CMAKE_INSTALL_MANDIR}${lang}/man${section})
    endforeach()
  endforeach()
endfunction()

# ---- the broker and its workers
install(TARGETS docketd docket-assign docket-deadline docket-escalate
  docket-notify docket-relay
  RUNTIME COMPONENT server)
dk_units(server docketd.service docketd.socket docketd-workers.socket
  docketd-network.socket docket-assign@.service docket-deadline@.service
  docket-escalate@.service docket-notify.service docket-relay.service
  docket-backup.service docket-backup.timer docket.target)
install(FILES systemd/docket.sysusers.conf RENAME docket.conf
  DESTINATION lib/sysusers.d COMPONENT server)
install(FILES systemd/docket.tmpfiles.conf RENAME docket.conf
  DESTINATION lib/tmpfiles.d COMPONENT server)
install(FILES systemd/docketd-network.conf DESTINATION ${DK_SHARE}
  COMPONENT server)
dk_conf(server systemd/docketd.conf docketd.conf)
dk_conf(server systemd/notify.conf notify.conf)
dk_conf(server systemd/relay.conf relay.conf)
file(GLOB policies policy/*.json)
list(FILTER policies EXCLUDE REGEX "kiosk-sample")
install(FILES ${policies} DESTINATION ${DK_SHARE}/policy COMPONENT server)
dk_conf(server policy/xinfang-2022.json policy.json)
dk_conf(server policy/calendar-cn.json calendar.json)
dk_conf(server policy/units-sample.json units.json)
dk_man(server docketd.8 docket-assign.8 docket-deadline.8 docket-escalate.8
  docket-notify.8 docket-relay.8 docketd.conf.5 docket-policy.5
  docket-calendar.5 docket-units.5
  docket-keys.5)

# ---- who talks to one
install(TARGETS docketctl docket-simulate RUNTIME COMPONENT client)
dk_man(client docketctl.1 docket.7 docket-protocol.7 docket-simulate.1)
foreach(pair docketctl.bash:bash-completion/completions/docketctl
    _docketctl:zsh/vendor-completions/_docketctl)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 from)
  list(GET pair 1 to)
  if(EXISTS ${PROJECT_SOURCE_DIR}/docs/completion/${from})
    get_filename_component(folder ${to} DIRECTORY)
    get_filename_component(name ${to} NAME)
    install(FILES docs/completion/${from} RENAME ${name}
      DESTINATION ${CMAKE_INSTALL_DATADIR}/${folder} COMPONENT client)
  endif()
endforeach()

install(FILES systemd/docket.catalog systemd/docket.zh_CN.catalog
  DESTINATION lib/systemd/catalog COMPONENT client)

# ---- on a kiosk; its page is installed where it is made
install(TARGETS docket-kiosk RUNTIME COMPONENT kiosk)
dk_units(kiosk docket-kiosk.service)
dk_conf(kiosk policy/kiosk-sample.json kiosk.json)
install(FILES systemd/docket-kiosk-printer.conf DESTINATION ${DK_SHARE}
  COMPONENT kiosk)
dk_man(kiosk docket-kiosk.8 docket-kiosk.json.5)

# ---- the office's pages
if(TARGET docket-web)
  install(TARGETS docket-web RUNTIME COMPONENT web)
  if(EXISTS ${PROJECT_SOURCE_DIR}/systemd/docket-web.service)
    dk_units(web docket-web.service)
  endif()
  if(EXISTS ${PROJECT_SOURCE_DIR}/systemd/docket-web.conf)
    dk_conf(web systemd/docket-web.conf docket-web.conf)
  endif()
  dk_man(web docket-web.8)
endif()

# ---- how the broker is doing
install(TARGETS docket-metrics RUNTIME COMPONENT metrics)
dk_units(metrics docket-metrics.service)
dk_conf(metrics systemd/docket-metrics.conf docket-metrics.conf)
install(FILES systemd/docket-metrics.sysusers.conf RENAME docket-metrics.conf
  DESTINATION lib/sysusers.d COMPONENT metrics)
install(FILES monitoring/docket.rules.yml monitoring/docket-dashboard.json
  DESTINATION ${DK_SHARE}/monitoring COMPONENT metrics)
dk_man(metrics docket-metrics.8 docket-metrics.conf.5)

# ---- programs of others, in C
install(TARGETS docketclient dkproto ARCHIVE COMPONENT dev)
file(GLOB headers proto/client.h proto/client_keys.h proto/jsonx.h
  proto/jsonw.h proto/problem.h proto/dk_types.h)
install(FILES ${headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/docket
  COMPONENT dev)
configure_file(script/docket.pc.in docket.pc @ONLY)
configure_file(script/docketConfig.cmake.in docketConfig.cmake @ONLY)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(docketConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/docket.pc COMPONENT dev
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
install(FILES ${PROJECT_BINARY_DIR}/docketConfig.cmake
  ${PROJECT_BINARY_DIR}/docketConfigVersion.cmake COMPONENT dev
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/docket)
install(FILES proto/example_submit.c proto/PROTOCOL.md COMPONENT dev
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libdocket-dev)
install(DIRECTORY proto/schemas COMPONENT dev
  DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libdocket-dev)

include(script/deb.cmake)
