#!/usr/bin/env bash
# Put Defect Workbench into the menu and the file manager of this user: desktop entry, icons, and sessions (.dwb) that open
# with a double click. It writes below ~/.local/share alone.
#
#   install_desktop.sh [PROGRAM]    PROGRAM: the program to start; by default the bundle that this script is part of,
#                                   otherwise the defect-workbench on the path
#   install_desktop.sh --remove     remove everything again
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
share=${XDG_DATA_HOME:-$HOME/.local/share}
entry=$share/applications/defect-workbench.desktop
type=$share/mime/packages/defect-workbench-session.xml

refresh() {
    # Desktops without these tools notice the files by themselves, some only after the next login.
    if command -v update-mime-database >/dev/null; then update-mime-database "$share/mime"; fi
    if command -v update-desktop-database >/dev/null; then update-desktop-database "$share/applications"; fi
    if command -v gtk-update-icon-cache >/dev/null; then
        gtk-update-icon-cache --quiet --force --ignore-theme-index "$share/icons/hicolor" || true
    fi
}

remove() {
    rm -f "$entry" "$type"
    (cd "$here/icons/hicolor" && find . -type f) | while IFS= read -r icon; do rm -f "$share/icons/hicolor/$icon"; done
}

case ${1:-} in
--remove)
    remove
    refresh
    echo "removed from the menu and the file manager; settings and features are kept"
    exit 0
    ;;
-*)
    echo "install_desktop.sh: unknown option $1; use --remove, or the path of the program" >&2
    exit 2
    ;;
esac

program=${1:-}
if [ -z "$program" ] && [ -x "$here/../defect-workbench" ]; then
    program=$here/../defect-workbench
elif [ -z "$program" ]; then
    program=$(command -v defect-workbench || true)
fi
if [ -z "$program" ] || [ ! -x "$program" ] || [ -d "$program" ]; then
    echo "install_desktop.sh: ${program:-defect-workbench} is not a program that can be started; give its path" >&2
    exit 2
fi
program=$(cd "$(dirname "$program")" && pwd)/$(basename "$program")

# In the Exec line a path is quoted; what a shell would interpret is escaped, and each backslash once more.
quoted=$(printf '%s' "$program" | sed -e 's/\\/\\\\\\\\/g' -e 's/["`$]/\\\\&/g' -e 's/%/%%/g')
mkdir -p "$share/applications" "$share/mime/packages" "$share/icons/hicolor"
while IFS= read -r line; do
    case $line in
    Exec=*) printf 'Exec="%s" %%f\n' "$quoted" ;;
    *) printf '%s\n' "$line" ;;
    esac
done <"$here/defect-workbench.desktop" >"$entry"
cp "$here/defect-workbench-session.xml" "$type"
cp -r "$here/icons/hicolor/." "$share/icons/hicolor/"
refresh
echo "installed for $program; sessions (.dwb) open with a double click. install_desktop.sh --remove takes it away again"
