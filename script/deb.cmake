# The Debian packages: names, what they need, and the scripts in script/deb.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME docket)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(DK_PACKAGE_CONTACT "The docket authors <docket@example.org>" CACHE STRING
  "who answers for the packages: yours, if you build them for others")
set(CPACK_PACKAGE_CONTACT ${DK_PACKAGE_CONTACT})
# Files of /etc are outside the prefix, so the prefix is that of the build.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_STRIP_FILES ON)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENTS_ALL server client kiosk metrics dev)
if(TARGET docket-web)
  list(APPEND CPACK_COMPONENTS_ALL web)
endif()
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${CPACK_PACKAGE_CONTACT})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# package(COMPONENT NAME SECTION DEPENDS SHORT LONG)
macro(dk_package component name section depends short long)
  string(TOUPPER ${component} up)
  set(CPACK_DEBIAN_${up}_PACKAGE_NAME ${name})
  set(CPACK_DEBIAN_${up}_PACKAGE_SECTION ${section})
  set(CPACK_DEBIAN_${up}_PACKAGE_DEPENDS "${depends}")
  set(CPACK_COMPONENT_${up}_DESCRIPTION "${short}\n${long}")
  set(scripts "")
  foreach(script preinst postinst prerm postrm conffiles
      config templates)
    if(EXISTS ${PROJECT_SOURCE_DIR}/script/deb/${name}.${script})
      configure_file(script/deb/${name}.${script}
        deb/${name}/${script} COPYONLY)
      list(APPEND scripts ${PROJECT_BINARY_DIR}/deb/${name}/${script})
    endif()
  endforeach()
  set(CPACK_DEBIAN_${up}_PACKAGE_CONTROL_EXTRA "${scripts}")
  # What Debian wants of every package.
  file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/deb/${name})
  configure_file(script/deb/copyright deb/${name}/copyright COPYONLY)
  install(FILES ${PROJECT_BINARY_DIR}/deb/${name}/copyright
    ${PROJECT_BINARY_DIR}/deb/changelog.gz
    DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} COMPONENT ${component})
  if(EXISTS ${PROJECT_SOURCE_DIR}/script/deb/${name}.lintian)
    install(FILES script/deb/${name}.lintian RENAME ${name}
      DESTINATION ${CMAKE_INSTALL_DATADIR}/lintian/overrides
      COMPONENT ${component})
  endif()
endmacro()

execute_process(COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/script/deb/changelog
  OUTPUT_FILE ${PROJECT_BINARY_DIR}/deb-changelog.gz)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/deb)
file(COPY_FILE ${PROJECT_BINARY_DIR}/deb-changelog.gz
  ${PROJECT_BINARY_DIR}/deb/changelog.gz)

dk_package(server docket-server net "debconf, systemd"
  "letters-and-visits workflow: the broker and its workers"
  "Takes citizens' cases over ZeroMQ, makes each durable before it is
acknowledged, assigns it, watches every legal time limit and tells the office
what is about to be, or is, overdue.")
# Loaded by docketd when its store is on PostgreSQL (docs/adr/0035).
set(CPACK_DEBIAN_SERVER_PACKAGE_RECOMMENDS "libpq5")
dk_package(client docket-client net ""
  "letters-and-visits workflow: the command line"
  "docketctl shows and moves cases, prints the office's figures, and looks after
the broker: keys, backups, checks.")
dk_package(kiosk docket-kiosk net "systemd"
  "letters-and-visits workflow: the forwarder and page of a kiosk"
  "Keeps what citizens hand in on the kiosk until the broker has acknowledged it,
with the cable in or out, and serves the page that they fill in.")
if(TARGET docket-web)
  dk_package(web docket-web net "systemd"
    "letters-and-visits workflow: the office's pages"
    "The desk, supervision, the wall and the bulletin, and the JSON API below
them, for the officers of a letters-and-visits office.")
endif()
dk_package(metrics docket-metrics net "systemd"
  "letters-and-visits workflow: how the broker is doing"
  "Serves the broker's counters as OpenMetrics, and whether it is alive and takes
cases, on loopback, with alert rules and a dashboard. No names, no cases.")
dk_package(dev libdocket-dev libdevel
  "libcjson-dev, libzmq3-dev"
  "letters-and-visits workflow: talk to a broker from C"
  "The library, its headers, the protocol's document and its JSON schemas.")
include(CPack)
