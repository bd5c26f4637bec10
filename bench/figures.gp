# SPDX-License-Identifier: GPL-2.0-only
#
# figures.gp - draw the figures of bench/run: gnuplot -e "dir='build/bench';
# where='MACHINE, DATE'" bench/figures.gp

set terminal svg size 720,420 font "sans,13" background "white"
set datafile separator ","
set key left top reverse Left
set format y "%.0f"
set grid ytics lc rgb "#dddddd"
set border 3
set xtics nomirror
set ytics nomirror

medians(file, filter) = sprintf("< awk -F, '%s' %s/%s | sort -t, -k1n", filter, dir, file)

set style line 1 lc rgb "#b03030" lw 2 pt 7
set style line 2 lc rgb "#888888" lw 2 pt 5
set style line 3 lc rgb "#3060a0" lw 2 pt 9

name(it) = it == 1 ? "stock" : it == 2 ? "altmap, all written" : "altmap, on demand"
step(kernel, cpus, step) = medians("time-medians.csv", sprintf( \
	"$1 == \"%s\" && $2 == %d && $3 == \"fsdax\" && $4 == \"dev\" && $6 == \"%s\" { print $5 \",\" $7 / 1e6 }", \
	kernel, cpus, step))

set logscale xy 2
set xlabel "capacity, GiB"

set output dir."/time.svg"
set title "Enabling and disabling an fsdax namespace, --map=dev, 2 CPUs\n{/*0.8 ".where.", QEMU without KVM}"
set ylabel "ms"
plot for [it = 1:3] step(word("stock altmap-eager altmap", it), 2, "enable") \
		with linespoints ls it title "enable, ".name(it), \
	for [it = 1:3] step(word("stock altmap-eager altmap", it), 2, "disable") \
		with linespoints ls it dashtype 2 title "disable, ".name(it)

if (system("test -f ".dir."/dram-medians.csv && echo y") eq "y") {
	taken(kernel, map) = medians("dram-medians.csv", sprintf( \
		"$1 == \"%s\" && $2 == \"fsdax\" && $3 == \"%s\" && $5 != \"flushes\" { sum[$4] += $6 } END { for (gib in sum) print gib \",\" sum[gib] / 1024 }", \
		kernel, map))

	set output dir."/dram.svg"
	set title "DRAM that an fsdax namespace takes\n{/*0.8 ".where."}"
	set ylabel "KiB"
	plot taken("stock", "mem") with linespoints ls 1 title "stock, --map=mem", \
		taken("stock", "dev") with linespoints ls 2 title "stock, --map=dev", \
		taken("altmap", "dev") with linespoints ls 3 title "altmap, --map=dev"
}

unset logscale
set output dir."/page.svg"
set title "Instructions to enable a page\n{/*0.8 ".where.", counted}"
set ylabel "instructions"
set xlabel "mode or page size, --map"
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.9 border -1
set boxwidth 0.9
set yrange [0:*]
set key right top outside
cost(kernel) = sprintf("< awk -F, '$1 == \"%s\" && $4 == \"enable\" { print $2 \" \" $3 \",\" $5 }' %s/slopes.csv | sort", kernel, dir)
plot cost("stock") using 2:xtic(1) lc rgb "#b03030" title "stock", \
	cost("altmap") using 2 lc rgb "#3060a0" title "altmap"
