/* SPDX-License-Identifier: BSD-3-Clause */
/* vmmio-conform: the command line. */

int main(void)
{
	return 2;
}
